import { once } from 'node:events';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Promise, dateNow } from '../builtins.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import { failure } from '../invocation/invocation.ts';
import type {
  DeliveryStatus,
  InvocationMetadata,
  SettledOutcome,
  StreamedBody,
  StreamedOutcome,
} from '../invocation/invocation.ts';
import { msUntil } from '../invocation/time.ts';
import { ANSWER_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { API_VERSION, POST_TIMEOUT_MS } from './connection.ts';
import {
  ERROR_BODY,
  ERROR_TYPE,
  timeoutSignal,
  requestSink,
  MIN_TRIES,
  RESPONSE_TOO_LARGE,
  nobodyWaits,
  postOutcome,
  tellNobodyWaits,
} from './respond.ts';
import type { AnswerRoute, Reply } from './respond.ts';
import { wait } from './retry.ts';
import { onAbort } from '../waiting.ts';

/** How a streamed outcome goes out: by itself on a connection of its own, and what goes wrong with it as any answer. */
interface StreamRoute extends AnswerRoute {
  /** `host:port`. */
  readonly runtimeApi: string;
}

/**
 * Posts a response while it is made; an error that comes after its first byte goes into the trailers. Never rejects. When
 * it cannot go on, the handler's stream is destroyed, and the caller gets an error where it has nothing yet.
 *
 * With `node:http`, since undici sends no trailers.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
 */
export async function postStream(
  metadata: InvocationMetadata,
  outcome: StreamedOutcome,
  route: StreamRoute,
): Promise<DeliveryStatus> {
  // A reader that takes nothing more must not hold the slot for ever; long past its deadline nobody waits for it.
  const { signal, end } = timeoutSignal(msUntil(metadata.deadlineMs) + POST_TIMEOUT_MS, route.signal);
  const socket = await connectForAnswer(metadata, route, signal);
  try {
    if (socket === undefined) return 'failed';
    return await postOn(socket, metadata, outcome, { ...route, signal });
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
    observed?.answered(status);
    if (isSuccess(status)) return 'delivered';
    if (nobodyWaits(reply)) return tellNobodyWaits(reply, requestId, log);
    log.error({ requestId, status }, 'The Runtime API refused the response stream');
    if (status === 400) return 'failed';
    return await reportTo(route, metadata, status === 413 ? RESPONSE_TOO_LARGE : broken(`status ${status}`));
  } catch (error) {
    observed?.failed(error as Error);
    const reason = (error as Error).message;
    log.error({ requestId, reason }, 'The response stream broke off');
    // The caller has a part that Lambda takes for the whole; what is posted now is refused.
    if (error instanceof AcceptedEarly) return 'failed';
    return signal.aborted ? 'failed' : reportTo(route, metadata, broken(reason));
  }
}

/**
 * Resolves with what the Runtime API says, whenever it says it. A refusal ends the body. A success ahead of the body's end does
 * not: the Runtime API may still read on. Rejects when the body could not be sent to its end.
 */
async function send(req: ClientRequest, body: StreamedBody, signal: AbortSignal): Promise<Reply> {
  const replied = Promise.withResolvers<Reply>();
  replied.promise.catch(() => undefined);
  let status = 0;
  const lose = (error: Error) => {
    // A reply that has begun says more.
    if (status === 0) replied.reject(error);
    body.destroy(error);
  };
  req.on('error', lose);
  req.on('close', () => {
    if (!req.writableFinished) lose(new Error('The connection was closed.'));
  });
  req.on('response', (response: IncomingMessage) => {
    status = response.statusCode ?? 0;
    void textOf(response).then((text) => {
      replied.resolve({ status, text });
      if (!isSuccess(status) && !req.writableEnded)
        body.destroy(new Error('The Runtime API takes no more of the response.'));
    });
  });
  const giveUp = () => req.destroy(new Error('The Runtime API did not answer the response stream.'));
  let removeListener: (() => void) | undefined;
  try {
    await pipeline(body, requestSink(req, body), { signal });
    removeListener = onAbort(signal, giveUp);
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

/** The Runtime API has answered with success, then taken no more of the response. */
class AcceptedEarly extends Error {
  constructor(cause: Error) {
    super(
      `The Runtime API accepted the response before its end, and did not take the rest: ${cause.message}`,
      { cause },
    );
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** As much of a reply as there is: its connection may be lost behind it. */
async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
  } catch {
    // The status has come.
  }
  return text;
}

function openRequest(
  path: string,
  contentType: string,
  socket: Socket,
  { runtimeApi }: StreamRoute,
): ClientRequest {
  return request({
    createConnection: () => socket,
    method: 'POST',
    path,
    headers: {
      host: runtimeApi,
      // A server that closes right behind an early answer would take that along.
      connection: 'keep-alive',
      'content-type': contentType,
      'lambda-runtime-function-response-mode': 'streaming',
      'transfer-encoding': 'chunked',
      trailer: `${ERROR_TYPE}, ${ERROR_BODY}`,
    },
  });
}

/** For what never arrived; an answer that had begun to arrive is refused, and its caller knows of the break. */
async function reportTo(
  route: AnswerRoute,
  metadata: InvocationMetadata,
  outcome: SettledOutcome,
): Promise<DeliveryStatus> {
  // On the slot's connection it would wait behind the next poll.
  const repeat = { ...route, first: route.repeats(), triedBefore: true };
  const became = await postOutcome(metadata, outcome, repeat);
  return became === 'delivered' ? 'replaced' : became;
}

function broken(reason: string): SettledOutcome {
  const message = `The response could not be streamed to its end: ${reason}.`;
  return failure(encodeDiagnostic(diagnostic('Runtime.TruncatedResponse', message)));
}

/** Opens a connection, with as many tries as any answer gets; until it is open nothing of a stream is consumed. */
async function connectForAnswer(
  { requestId, deadlineMs }: InvocationMetadata,
  { runtimeApi, log, observer }: StreamRoute,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  for (let failures = 0; !signal.aborted;) {
    const socket = connect({ ...addressOf(runtimeApi), noDelay: true });
    try {
      await once(socket, 'connect', { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      failures += 1;
      const reason = (error as Error).message;
      const delayMs = delayAfter(failures, ANSWER_SCHEDULE);
      if (delayMs === undefined || (failures >= MIN_TRIES && dateNow() + delayMs > deadlineMs)) {
        log.error({ requestId, failures, reason }, 'The answer could not be delivered');
        return undefined;
      }
      log.warn({ requestId, failures, reason }, 'Answering failed, will retry');
      observer.retries('answer');
      await wait(delayMs, signal);
    }
  }
  return undefined;
}

function addressOf(runtimeApi: string): { host: string; port: number } {
  const { hostname, port } = new URL(`http://${runtimeApi}`);
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port || 80) };
}
