import { randomUUID } from 'node:crypto';
import { MAX_PAYLOAD_BYTES, collectBody, whenDisconnected } from '../http-exchange.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import type { Route } from '../http-server.ts';
import { THROTTLED, apiError, dryRunAnswer, invokeAnswer, queuedAnswer } from './invoke-answers.ts';
import { REQUEST_TOO_LARGE, isJson, readInvokeRequest } from './invoke-request.ts';
import type { InvokeApiContext, InvokeRequest } from './invoke-request.ts';

/**
 * Creates the route of the Invoke API (`POST /2015-03-31/functions/{name}/invocations`), for AWS's SDKs and CLI.
 *
 * If no poll is open, a synchronous call gets a 503 `ServiceException`, which SDKs retry by default. Tests of that error
 * set `maxAttempts: 1`. An `Event` call waits for a poll, like Lambda's queue.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function invokeApiRoutes(settings: InvokeApiContext): Route {
  return ({ req, res, reply }) => {
    const name = req.method === 'POST' ? INVOCATIONS.exec(req.url ?? '')?.[1] : undefined;
    if (name === undefined) return false;
    collectBody(req, MAX_PAYLOAD_BYTES, (body) => {
      const request = readInvokeRequest(settings, req, name, body);
      if ('rejected' in request) reply(request.rejected);
      else void answer(settings, request, randomUUID(), whenDisconnected(res)).then(reply);
    });
    return true;
  };
}

const INVOCATIONS = /^\/2015-03-31\/functions\/([^/?]+)\/invocations\/?(?:\?|$)/;

async function answer(
  settings: InvokeApiContext,
  request: InvokeRequest,
  requestId: string,
  whileWaiting: AbortSignal,
): Promise<HttpAnswer> {
  const { event, version, wantsLog } = request;
  const options = { ...request.options, requestId };
  switch (request.type) {
    case 'DryRun':
      return dryRunAnswer(requestId, version);
    case 'Event':
      void settings.invoke(event, { ...options, whenCapacity: true });
      return queuedAnswer(requestId, version);
    case 'RequestResponse': {
      if (settings.isFull()) return THROTTLED;
      const invoke = () => settings.invoke(event, { ...options, whileWaiting });
      if (!wantsLog) return invokeAnswer(await invoke(), version);
      const { result, logTail } = await settings.logs.keep(requestId, invoke);
      return invokeAnswer(result, version, logTail);
    }
  }
}

/** Creates a plain endpoint for tools such as curl: the request's body is the event, and the response is the handler's. */
export function plainInvokeRoute(settings: InvokeApiContext, endpoint: string): Route {
  return ({ req, res, reply }) => {
    if (req.method !== 'POST' || req.url !== endpoint) return false;
    collectBody(req, MAX_PAYLOAD_BYTES, (body) => {
      if (body === undefined) return reply(REQUEST_TOO_LARGE);
      const event = body.length === 0 ? Buffer.from('{}') : body;
      if (!isJson(event)) return reply(NOT_JSON);
      if (settings.isFull()) return reply(THROTTLED);
      const answered = settings.invoke(event, {
        requestId: randomUUID(),
        whileWaiting: whenDisconnected(res),
      });
      void answered.then((result) => reply(invokeAnswer(result, '$LATEST')));
    });
    return true;
  };
}

const NOT_JSON = apiError(400, 'InvalidRequestContentException', 'The body must be an event in JSON');
