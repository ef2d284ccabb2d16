import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { msUntil } from '../invocation/deadline.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { InvocationMetadata } from '../invocation/invocation.ts';
import { failure } from '../invocation/outcome.ts';
import type { Delivery, SettledOutcome, StreamedOutcome } from '../invocation/outcome.ts';
import { postOutcome, TOO_LARGE } from './answer.ts';
import type { AnswerRoute } from './answer.ts';
import { API_VERSION, POST_TIMEOUT_MS } from './connection.ts';
import { connectForAnswer } from './connect-for-answer.ts';
import { patience } from './patience.ts';
import { ERROR_BODY, ERROR_TYPE, requestSink } from './request-sink.ts';

/** How a streamed outcome goes out: by itself on a connection of its own, and what goes wrong with it as any answer. */
export interface StreamRoute extends AnswerRoute {
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
): Promise<Delivery> {
  // A reader that takes nothing more must not hold the slot for ever; long past its deadline nobody waits for it.
  const { signal, end } = patience(msUntil(metadata.deadlineMs) + POST_TIMEOUT_MS, route.signal);
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
): Promise<Delivery> {
  const { log, signal } = route;
  const { requestId } = metadata;
  const path = `${API_VERSION}/runtime/invocation/${requestId}/response`;
  const observed = route.observer.sends('POST', path);
  try {
    const status = await send(openRequest(path, contentType, socket, route), body, signal);
    observed?.answered(status);
    if (status >= 200 && status < 300) return 'delivered';
    if (status === 410) {
      log.warn({ requestId }, 'The caller had its timeout before the response stream ended');
      return 'late';
    }
    log.error({ requestId, status }, 'The Runtime API refused the response stream');
    if (status === 400) return 'failed';
    return await reportTo(route, metadata, status === 413 ? TOO_LARGE : broken(`status ${status}`));
  } catch (error) {
    observed?.failed(error as Error);
    const reason = (error as Error).message;
    log.error({ requestId, reason }, 'The response stream broke off');
    return signal.aborted ? 'failed' : reportTo(route, metadata, broken(reason));
  }
}

/** Resolves with the status, whenever it comes: a refusal need not wait for the end of the body. */
async function send(req: ClientRequest, body: StreamedOutcome['body'], signal: AbortSignal): Promise<number> {
  const answered = Promise.withResolvers<number>();
  answered.promise.catch(() => undefined);
  req.on('error', (error) => {
    answered.reject(error);
    body.destroy(error);
  });
  req.on('response', (response: IncomingMessage) => {
    answered.resolve(response.resume().statusCode ?? 0);
    if (!req.writableEnded) body.destroy(new Error('The Runtime API takes no more of the response.'));
  });
  try {
    await pipeline(body, requestSink(req, body), { signal });
  } catch (error) {
    // If it broke off because an answer came, that says more.
    answered.reject(error);
    req.destroy();
  }
  const giveUp = () => req.destroy(new Error('The Runtime API did not answer the response stream.'));
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await answered.promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
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
): Promise<Delivery> {
  // On the slot's connection it would wait behind the next poll.
  const repeat = { ...route, first: route.repeats(), triedBefore: true };
  const became = await postOutcome(metadata, outcome, repeat);
  return became === 'delivered' ? 'replaced' : became;
}

function broken(reason: string): SettledOutcome {
  const message = `The response could not be streamed to its end: ${reason}.`;
  return failure(encodeDiagnostic(diagnostic('Runtime.TruncatedResponse', message)));
}
