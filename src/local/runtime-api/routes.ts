import type { IncomingHttpHeaders } from 'node:http';
import {
  MAX_ERROR_BYTES,
  MAX_PAYLOAD_BYTES,
  collectBody,
  decodePathPart,
  join,
  refusal,
} from '../http-exchange.ts';
import type { HttpExchange } from '../http-exchange.ts';
import type { Route } from '../http-server.ts';
import type { InvocationBroker } from '../invocation-broker.ts';
import { exitedResult, failedResult } from '../invoke.ts';
import type { InvokeError, InvokeResponse } from '../invoke.ts';
import type { OpenInvocation, OpenInvocations } from '../open-invocations.ts';
import { faultOnArrival, faultOnDelivery } from './fault-effects.ts';
import type { FaultPoint, FaultRules } from './faults.ts';
import type { InitErrors } from './init-errors.ts';

/** The dependencies of the Runtime API's routes. */
export interface RuntimeApiDeps {
  readonly broker: InvocationBroker;
  readonly invocations: OpenInvocations;
  readonly initErrors: InitErrors;
  readonly faults: FaultRules;
}

/** Creates the route of the Runtime API (`/2018-06-01/runtime/…`). */
export function runtimeRoutes(deps: RuntimeApiDeps): Route {
  return (exchange) => {
    const { method, url = '' } = exchange.req;
    if (method === 'GET' && url === NEXT) {
      withFaults(deps, 'next', undefined, exchange, (faultable) => poll(deps, faultable));
      return true;
    }
    if (method !== 'POST' || !url.startsWith(RUNTIME)) return false;
    if (url === INIT_ERROR) {
      withFaults(deps, 'init-error', undefined, exchange, (faultable) => takeInitError(deps, faultable));
      return true;
    }
    return url.startsWith(INVOCATION) && takeAnswer(deps, exchange, url);
  };
}

const RUNTIME = '/2018-06-01/runtime/';
const INIT_ERROR = `${RUNTIME}init/error`;
const INVOCATION = `${RUNTIME}invocation/`;
const NEXT = `${INVOCATION}next`;
const REQUEST_TOO_LARGE = refusal(413, 'RequestEntityTooLarge', 'Exceeded the maximum payload size');
const WRONG_MODE = refusal(400, 'InvalidFunctionResponseMode', 'Invalid function response mode');

function withFaults(
  { faults }: RuntimeApiDeps,
  point: FaultPoint,
  requestId: string | undefined,
  exchange: HttpExchange,
  act: (exchange: HttpExchange) => void,
): void {
  const fault = faults.onArrival(point, requestId);
  if (fault === undefined) act(exchange);
  else faultOnArrival(fault, exchange, act);
}

function poll({ broker, faults }: RuntimeApiDeps, exchange: HttpExchange): void {
  broker.addPoll({
    socket: exchange.req.socket,
    deliver(requestId, event) {
      const fault = faults.onDelivery(requestId);
      if (fault === undefined) exchange.reply(event);
      else faultOnDelivery(fault, exchange, event);
    },
  });
}

function takeAnswer(deps: RuntimeApiDeps, exchange: HttpExchange, url: string): boolean {
  const slash = url.indexOf('/', INVOCATION.length);
  if (slash === -1) return false;
  const requestId = decodePathPart(url.slice(INVOCATION.length, slash));
  const action = url.slice(slash + 1);
  if (action === 'response') {
    withFaults(deps, 'response', requestId, exchange, (faultable) =>
      takeResponse(deps, faultable, requestId),
    );
  } else if (action === 'error') {
    withFaults(deps, 'error', requestId, exchange, (faultable) => takeError(deps, faultable, requestId));
  } else {
    return false;
  }
  return true;
}

function takeResponse({ invocations }: RuntimeApiDeps, exchange: HttpExchange, requestId: string): void {
  const { req, reply } = exchange;
  const mode = req.headers['lambda-runtime-function-response-mode'];
  if (mode === 'streaming') return receiveStream(exchange, requestId, invocations);
  collectBody(req, MAX_PAYLOAD_BYTES, (body, size) => {
    if (mode !== undefined) return reply(invocations.refuseOnce(requestId, WRONG_MODE));
    if (body === undefined)
      return reply(invocations.refuseTooLarge(requestId, REQUEST_TOO_LARGE, size, MAX_PAYLOAD_BYTES));
    const contentType = req.headers['content-type'];
    const { trailers } = req;
    reply(
      invocations.accept(requestId, {
        status: 'response',
        requestId,
        body,
        contentType,
        totalBytes: body.length,
        mode: 'buffered',
        trailers,
      }),
    );
  });
}

function takeError({ invocations }: RuntimeApiDeps, { req, reply }: HttpExchange, requestId: string): void {
  collectBody(req, MAX_ERROR_BYTES, (body) => {
    if (body === undefined) return reply(invocations.refuseOnce(requestId, REQUEST_TOO_LARGE));
    const rawErrorType = header(req.headers['lambda-runtime-function-error-type']);
    const xrayErrorCause = header(req.headers['lambda-runtime-function-xray-error-cause']);
    reply(invocations.accept(requestId, failedResult(requestId, { rawErrorType, body, xrayErrorCause })));
  });
}

function takeInitError({ broker, initErrors }: RuntimeApiDeps, { req, reply }: HttpExchange): void {
  collectBody(req, MAX_ERROR_BYTES, (body) => {
    if (body === undefined) return reply(REQUEST_TOO_LARGE);
    const rawErrorType = header(req.headers['lambda-runtime-function-error-type']);
    broker.initFailed({ rawErrorType, body });
    reply(initErrors.take(rawErrorType, body));
  });
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Reads a streaming response and answers it at its end. Its size is not limited. */
function receiveStream(exchange: HttpExchange, requestId: string, invocations: OpenInvocations): void {
  const { req, reply } = exchange;
  const invocation = invocations.beginStream(requestId);
  if (invocation === undefined) {
    req.on('end', () => reply(invocations.refuse(requestId)));
    req.resume();
    return;
  }
  let ended = false;
  req.on('data', (chunk: Buffer) => {
    if (!invocations.isCurrent(invocation)) return;
    keepChunk(invocation, chunk);
    const consumed = invocation.onChunk?.(chunk, req.headers['content-type']);
    if (consumed === undefined) return;
    req.pause();
    void consumed.then(() => req.resume());
  });
  req.on('end', () => {
    ended = true;
    const result = streamResult(invocation, req.headers, req.trailers);
    reply(invocations.acceptStream(invocation, result));
  });
  req.on('close', () => {
    if (!ended) invocations.abortStream(invocation, abortedStream(invocation));
  });
}

function keepChunk(invocation: OpenInvocation, chunk: Buffer): void {
  if (invocation.keepStream || invocation.streamedBytes < KEPT_BYTES) invocation.stream?.push(chunk);
  invocation.streamedBytes += chunk.length;
}

const KEPT_BYTES = 16 * 1024;

function streamResult(
  { requestId, stream = [], streamedBytes }: OpenInvocation,
  headers: IncomingHttpHeaders,
  trailers: NodeJS.Dict<string>,
): InvokeResponse | InvokeError {
  const rawErrorType = trailers['lambda-runtime-function-error-type'];
  if (rawErrorType !== undefined) {
    const body = Buffer.from(trailers['lambda-runtime-function-error-body'] ?? '', 'base64');
    return failedResult(requestId, { rawErrorType, body, stream });
  }
  return {
    status: 'response',
    requestId,
    body: join(stream),
    totalBytes: streamedBytes,
    contentType: headers['content-type'],
    mode: 'streaming',
    trailers,
  };
}

function abortedStream({ requestId, stream }: OpenInvocation): InvokeError {
  return exitedResult(requestId, 'Runtime.TruncatedResponse', 'The response stream was aborted', stream);
}
