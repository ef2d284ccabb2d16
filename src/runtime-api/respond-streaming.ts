import { once } from 'node:events';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Promise } from '../builtins.ts';
import type {
  DeliveryStatus,
  InvocationMetadata,
  StreamedBody,
  StreamedOutcome,
} from '../invocation/invocation.ts';
import { msUntil } from '../invocation/time.ts';
import { API_VERSION, POST_TIMEOUT_MS } from './connection.ts';
import { ERROR_BODY, ERROR_TYPE, requestSink } from './request-sink.ts';
import {
  RESPONSE_TOO_LARGE,
  isCallerGone,
  logCallerGone,
  postInstead,
  truncatedResponse,
  waitForRetry,
} from './respond.ts';
import type { AnswerRoute, Reply } from './respond.ts';
import { untraced } from './untraced.ts';
import { onAbort, timeoutSignal } from '../waiting.ts';

/** The stream uses a separate connection; an error that replaces it uses the {@link AnswerRoute}. */
interface StreamRoute extends AnswerRoute {
  /** `host:port`. */
  readonly runtimeApi: string;
}

/**
 * Posts a response while the handler produces it. An error after the first byte goes into the trailers. Never rejects. If the
 * stream cannot continue, it is destroyed, and the caller gets an error if nothing has been sent yet.
 *
 * Uses `node:http` because undici cannot send trailers.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
 */
export async function postStream(
  metadata: InvocationMetadata,
  outcome: StreamedOutcome,
  route: StreamRoute,
): Promise<DeliveryStatus> {
  // A reader that stops reading must not occupy the slot forever; some time after the deadline no caller waits any more.
  const { signal, end } = timeoutSignal(msUntil(metadata.deadlineMs) + POST_TIMEOUT_MS, route.signal);
  const timedRoute = { ...route, signal };
  const socket = await connectForAnswer(metadata, timedRoute);
  try {
    if (socket === undefined) return 'failed';
    return await postOn(socket, metadata, outcome, timedRoute);
  } finally {
    end();
    outcome.body.destroy();
    socket?.destroy();
  }
}

async function postOn(
  socket: Socket,
  metadata: InvocationMetadata,
  { contentType, body }: StreamedOutcome,
  route: StreamRoute,
): Promise<DeliveryStatus> {
  const { log, signal } = route;
  const { requestId } = metadata;
  const path = `${API_VERSION}/runtime/invocation/${requestId}/response`;
  const observed = route.observer.sends('POST', path);
  try {
    const reply = await send(openRequest(path, contentType, socket, route), body, signal);
    const { status } = reply;
    observed?.responded(status);
    if (isSuccess(status)) return 'delivered';
    if (isCallerGone(reply)) return logCallerGone(reply, requestId, log);
    log.error({ requestId, status }, 'The Runtime API refused the response stream');
    if (status === 400) return 'failed';
    return await postInstead(
      metadata,
      status === 413 ? RESPONSE_TOO_LARGE : truncatedResponse(`status ${status}`),
      route,
    );
  } catch (error) {
    observed?.failed(error as Error);
    const reason = (error as Error).message;
    log.error({ requestId, reason }, 'The response stream was interrupted');
    // Lambda regards the part that it received as the complete response and refuses an error.
    if (error instanceof AcceptedEarly) return 'failed';
    // If part of the stream had arrived, the Runtime API refuses the error, and the caller sees an incomplete response.
    return signal.aborted ? 'failed' : postInstead(metadata, truncatedResponse(reason), route);
  }
}

/**
 * Sends the body and resolves with the reply of the Runtime API, which may arrive before the body has ended. A refusal ends
 * the body. An early success does not, because the Runtime API may continue to read. Rejects if the body could not be sent
 * completely.
 */
async function send(req: ClientRequest, body: StreamedBody, signal: AbortSignal): Promise<Reply> {
  const replied = Promise.withResolvers<Reply>();
  replied.promise.catch(() => undefined);
  let status = 0;
  const onLost = (error: Error) => {
    // A reply that has begun to arrive takes precedence.
    if (status === 0) replied.reject(error);
    body.destroy(error);
  };
  req.on('error', onLost);
  req.on('close', () => {
    if (!req.writableFinished) onLost(new Error('The connection was closed.'));
  });
  req.on('response', (response: IncomingMessage) => {
    status = response.statusCode ?? 0;
    void textOf(response).then((text) => {
      replied.resolve({ status, text });
      if (!isSuccess(status) && !req.writableEnded)
        body.destroy(new Error('The Runtime API does not accept the rest of the response.'));
    });
  });
  const onTimeout = () => req.destroy(new Error('The Runtime API did not answer the response stream.'));
  let removeListener: (() => void) | undefined;
  try {
    await pipeline(body, requestSink(req, body), { signal });
    removeListener = onAbort(signal, onTimeout);
    return await replied.promise;
  } catch (error) {
    if (isSuccess(status)) throw new AcceptedEarly(error as Error);
    if (status === 0) replied.reject(error);
    req.destroy();
    return await replied.promise;
  } finally {
    removeListener?.();
  }
}

/** Thrown when the Runtime API responded with success and then stopped reading the response. */
class AcceptedEarly extends Error {
  constructor(cause: Error) {
    super(
      `The Runtime API accepted the response before its end and did not read the rest: ${cause.message}`,
      { cause },
    );
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** The text of a reply, as far as it arrives: the connection may be lost after the status. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
  } catch {
    // The status is sufficient.
  }
  return text;
}

function openRequest(
  path: string,
  contentType: string,
  socket: Socket,
  { runtimeApi }: StreamRoute,
): ClientRequest {
  return untraced(() =>
    request({
      createConnection: () => socket,
      method: 'POST',
      path,
      headers: {
        host: runtimeApi,
        // With `close`, an early response could be lost when the server closes the connection right after it.
        connection: 'keep-alive',
        'content-type': contentType,
        'lambda-runtime-function-response-mode': 'streaming',
        'transfer-encoding': 'chunked',
        trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
      },
    }),
  );
}

/** Opens a connection with the same retries as other answers. The stream is not consumed before the connection is open. */
async function connectForAnswer(
  metadata: InvocationMetadata,
  route: StreamRoute,
): Promise<Socket | undefined> {
  for (let failures = 1; ; failures += 1) {
    const socket = untraced(() => connect({ ...addressOf(route.runtimeApi), noDelay: true }));
    try {
      await once(socket, 'connect', { signal: route.signal });
      return socket;
    } catch (error) {
      socket.destroy();
      if (!(await waitForRetry(metadata, failures, (error as Error).message, route))) return undefined;
    }
  }
}

function addressOf(runtimeApi: string): { host: string; port: number } {
  const { hostname, port } = new URL(`http://${runtimeApi}`);
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || 80) };
}
