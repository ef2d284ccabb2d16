import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  MAX_PAYLOAD_BYTES,
  bytesAnswer,
  collectBody,
  jsonAnswer,
  writeWithBackpressure,
  whenDisconnected,
} from '../http-exchange.ts';
import type { HttpAnswer, HttpExchange } from '../http-exchange.ts';
import type { Route } from '../http-server.ts';
import type { InvokeResult } from '../invoke.ts';
import { functionUrlEvent, functionUrlResponse, httpResponseHead } from './function-url-events.ts';
import { THROTTLED } from './invoke-answers.ts';
import type { InvokeApiContext } from './invoke-request.ts';
import { REQUEST_TOO_LARGE } from './invoke-request.ts';

/**
 * Serves the function as a function URL. Every request outside the server's own paths becomes an event. Streamed
 * responses are forwarded as they arrive. Unlike AWS, an error response contains the handler's error.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function functionUrlRoute(settings: InvokeApiContext): Route {
  return (exchange) => {
    if (OWN_PATHS.test(exchange.req.url ?? '')) return false;
    collectBody(exchange.req, MAX_PAYLOAD_BYTES, (body) => {
      if (body === undefined) exchange.reply(REQUEST_TOO_LARGE);
      else if (settings.isFull()) exchange.reply(THROTTLED);
      else void answerRequest(settings, exchange, body);
    });
    return true;
  };
}

/** AWS's versioned APIs, and the pages of the local server. */
const OWN_PATHS = /^\/(\d{4}-\d\d-\d\d|_lambda)(\/|$)/;

async function answerRequest(
  settings: InvokeApiContext,
  { req, res, reply }: HttpExchange,
  body: Buffer,
): Promise<void> {
  const requestId = randomUUID();
  const stream = new FunctionUrlStream(res);
  let invalid = false;
  /** An invalid response is answered with an error at once, even if the handler continues. */
  const attempt = <Result>(send: () => Result): Result | undefined => {
    if (invalid) return undefined;
    try {
      return send();
    } catch (error) {
      invalid = true;
      reply(invalidResponse(error));
      return undefined;
    }
  };
  const event = Buffer.from(JSON.stringify(functionUrlEvent(req, body, requestId)));
  const result = await settings.invoke(event, {
    requestId,
    whileWaiting: whenDisconnected(res),
    keepStream: false,
    onChunk: (chunk, contentType) => attempt(() => stream.write(chunk, contentType)),
  });
  attempt(() => {
    if (result.status === 'response' && result.mode === 'streaming') stream.end(result.contentType);
    else if (stream.begun) res.destroy();
    else if (result.status === 'response') reply(functionUrlResponse(result.body));
    else reply(failureAnswer(result));
  });
}

function failureAnswer(result: Exclude<InvokeResult, { readonly status: 'response' }>): HttpAnswer {
  if (result.status === 'error') return bytesAnswer(502, result.body, ['Content-Type', 'application/json']);
  const { errorType, errorMessage } = result;
  return jsonAnswer(result.status === 'timeout' ? 504 : 503, { errorType, errorMessage });
}

function invalidResponse(error: unknown): HttpAnswer {
  return jsonAnswer(502, { errorType: 'Runtime.InvalidHttpResponse', errorMessage: String(error) });
}

/** Forwards a streamed response to an HTTP client. An HTTP integration response begins with its status and headers. */
class FunctionUrlStream {
  readonly #res: ServerResponse;
  #prelude = Buffer.alloc(0);

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Whether status and headers have been sent. */
  get begun(): boolean {
    return this.#res.headersSent;
  }

  /** @throws TypeError when the response's metadata is invalid. */
  write(chunk: Buffer, contentType: string | undefined): Promise<void> | undefined {
    if (this.begun) return writeWithBackpressure(this.#res, chunk);
    if (contentType !== INTEGRATION_RESPONSE) {
      this.#beginPlain(contentType);
      return writeWithBackpressure(this.#res, chunk);
    }
    this.#prelude = Buffer.concat([this.#prelude, chunk]);
    const end = this.#prelude.indexOf(SEPARATOR);
    if (end === -1) return undefined;
    const { status, headers } = httpResponseHead(JSON.parse(this.#prelude.toString('utf8', 0, end)));
    this.#res.writeHead(status, headers);
    this.#res.flushHeaders();
    const body = this.#prelude.subarray(end + SEPARATOR.length);
    return body.length === 0 ? undefined : writeWithBackpressure(this.#res, body);
  }

  /** @throws TypeError when the stream ended before its metadata was complete. */
  end(contentType: string | undefined): void {
    if (!this.begun && contentType === INTEGRATION_RESPONSE) {
      throw new TypeError('The response ended before its status and headers were complete');
    }
    if (!this.begun) this.#beginPlain(contentType);
    this.#res.end();
  }

  #beginPlain(contentType: string | undefined): void {
    this.#res.writeHead(200, { 'Content-Type': contentType ?? 'application/octet-stream' });
  }
}

const INTEGRATION_RESPONSE = 'application/vnd.awslambda.http-integration-response';
const SEPARATOR = Buffer.alloc(8);
