import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { apiError, dryRunAnswer, invocationHeaders, invokeAnswer, THROTTLED } from './invoke-answers.ts';
import type { InvokeApiContext } from './invoke-request.ts';
import { whenDisconnected, writeWithBackpressure, collectBody, MAX_PAYLOAD_BYTES } from '../http-exchange.ts';
import type { HttpExchange } from '../http-exchange.ts';
import type { Route } from '../http-server.ts';
import type { InvokeResult } from '../invoke.ts';
import { readInvokeRequest } from './invoke-request.ts';
import type { InvokeRequest } from './invoke-request.ts';

/**
 * Creates the route of `InvokeWithResponseStream`
 * (`POST /2021-11-15/functions/{name}/response-streaming-invocations`).
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
 */
export function responseStreamRoutes(settings: InvokeApiContext): Route {
  return (exchange) => {
    const { req, reply } = exchange;
    const name = req.method === 'POST' ? STREAMING_INVOCATIONS.exec(req.url ?? '')?.[1] : undefined;
    if (name === undefined) return false;
    collectBody(req, MAX_PAYLOAD_BYTES, (body) => {
      const request = readInvokeRequest(settings, req, name, body);
      if ('rejected' in request) reply(request.rejected);
      else if (request.type === 'Event') reply(NO_EVENTS);
      else if (request.type === 'DryRun') reply(dryRunAnswer(randomUUID(), request.version));
      else void stream(settings, request, exchange);
    });
    return true;
  };
}

const STREAMING_INVOCATIONS = /^\/2021-11-15\/functions\/([^/?]+)\/response-streaming-invocations\/?(?:\?|$)/;

const NO_EVENTS = apiError(
  400,
  'InvalidParameterValueException',
  'A streaming invocation cannot be of type Event',
);

async function stream(
  settings: InvokeApiContext,
  request: InvokeRequest,
  exchange: HttpExchange,
): Promise<void> {
  const { res } = exchange;
  const disconnected = whenDisconnected(res);
  // Loaded on demand, because it doubles the load time of the local server.
  const { eventMessage } = await import('./event-stream.ts');
  if (disconnected.aborted) return;
  // Checked after the import, so that calls which wait for it together do not all pass.
  if (settings.isFull()) return exchange.reply(THROTTLED);
  const requestId = randomUUID();
  const payload = (chunk: Uint8Array): Promise<void> | undefined => {
    begin(res, requestId, request.version);
    return writeWithBackpressure(res, eventMessage('PayloadChunk', 'application/octet-stream', chunk));
  };
  const invoke = () =>
    settings.invoke(request.event, {
      ...request.options,
      requestId,
      whileWaiting: disconnected,
      onChunk: payload,
      keepStream: false,
    });
  const { result, logTail } = request.wantsLog
    ? await settings.logs.keep(requestId, invoke)
    : { result: await invoke(), logTail: undefined };
  if (result.status === 'unavailable') return exchange.reply(invokeAnswer(result, request.version));
  if (result.status === 'response' && result.mode === 'buffered') await payload(result.body);
  begin(res, requestId, request.version);
  const complete = JSON.stringify({ ...failureOf(result), LogResult: logTail });
  res.end(eventMessage('InvokeComplete', 'application/json', Buffer.from(complete)));
}

function begin(res: ServerResponse, requestId: string, version: string): void {
  if (res.headersSent) return;
  res.sendDate = false;
  res.writeHead(200, [
    'Content-Type',
    'application/vnd.amazon.eventstream',
    ...invocationHeaders(requestId, version),
  ]);
}

function failureOf(result: InvokeResult): { readonly ErrorCode?: string; readonly ErrorDetails?: string } {
  switch (result.status) {
    case 'error':
      return { ErrorCode: result.errorType, ErrorDetails: result.body.toString() };
    case 'timeout': {
      const { errorType, errorMessage } = result;
      return { ErrorCode: errorType, ErrorDetails: JSON.stringify({ errorType, errorMessage }) };
    }
    default:
      return {};
  }
}
