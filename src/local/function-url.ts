import { randomUUID } from 'node:crypto';
import { THROTTLED } from './front-answers.ts';
import type { FrontSettings } from './front.ts';
import { functionUrlEvent } from './function-url-event.ts';
import { functionUrlResponse } from './function-url-response.ts';
import { FunctionUrlStream } from './function-url-stream.ts';
import { bytesAnswer, jsonAnswer, whenGone } from './http-answers.ts';
import type { Answer, Exchange } from './http-answers.ts';
import type { Route } from './http-server.ts';
import type { InvokeResult } from './invoke.ts';
import { TOO_LARGE } from './invoke-request.ts';
import { collectBody, MAX_PAYLOAD_BYTES } from './request-body.ts';

/**
 * Makes the function answer browsers, as behind a Function URL: whatever is not under a path of our own is an event.
 * A streamed response is passed on as it comes. Unlike AWS, an error shows what the handler threw.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function functionUrlRoute(settings: FrontSettings): Route {
  return (exchange) => {
    if (OWN_PATHS.test(exchange.req.url ?? '')) return false;
    collectBody(exchange.req, MAX_PAYLOAD_BYTES, (body) => {
      if (body === undefined) exchange.reply(TOO_LARGE);
      else if (settings.isFull()) exchange.reply(THROTTLED);
      else void serve(settings, exchange, body);
    });
    return true;
  };
}

/** The APIs of AWS, and what the local server shows of itself. */
const OWN_PATHS = /^\/(\d{4}-\d\d-\d\d|_lambda)(\/|$)/;

async function serve(settings: FrontSettings, { req, res, reply }: Exchange, body: Buffer): Promise<void> {
  const requestId = randomUUID();
  const stream = new FunctionUrlStream(res);
  let refused = false;
  /** A response that cannot be sent is refused at once, however long the handler goes on. */
  const attempt = <Result>(send: () => Result): Result | undefined => {
    if (refused) return undefined;
    try {
      return send();
    } catch (error) {
      refused = true;
      reply(badResponse(error));
      return undefined;
    }
  };
  const event = Buffer.from(JSON.stringify(functionUrlEvent(req, body, requestId)));
  const result = await settings.invoke(event, {
    requestId,
    whileWaiting: whenGone(res),
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

function failureAnswer(result: Exclude<InvokeResult, { readonly status: 'response' }>): Answer {
  if (result.status === 'error') return bytesAnswer(502, result.body, ['Content-Type', 'application/json']);
  const { errorType, errorMessage } = result;
  return jsonAnswer(result.status === 'timeout' ? 504 : 503, { errorType, errorMessage });
}

function badResponse(error: unknown): Answer {
  return jsonAnswer(502, { errorType: 'Runtime.InvalidHttpResponse', errorMessage: String(error) });
}
