import type { ClientRequest } from 'node:http';
import { Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { clearTimeout, dateNow, setTimeout } from '../builtins.ts';
import { diagnostic, encodeDiagnostic, shortenDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { failure } from '../invocation/invocation.ts';
import type {
  DeliveryStatus,
  InvocationMetadata,
  SettledOutcome,
  StreamedBody,
} from '../invocation/invocation.ts';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { ANSWER_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { API_VERSION, POST_TIMEOUT_MS } from './connection.ts';
import type { Connection } from './connection.ts';
import { errorTypeHeader } from './error-type-header.ts';
import { wait } from './retry.ts';
import { onAbort } from '../waiting.ts';

/** How an outcome goes out: the first try on the slot's connection, repeats beside it, since `/next` may be parked there. */
export interface AnswerRoute {
  readonly first: Connection;
  readonly repeats: () => Connection;
  /** Has an answer been tried before, in another form? Then this is a repeat from the start. */
  readonly triedBefore?: boolean;
  /** Gives it up. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly observer: RequestsObserver;
}

/**
 * Posts an outcome until it has been taken, refused for good, or has become worthless. Never rejects.
 *
 * A repeat is safe: the Runtime API refuses a second copy with 400, which then means that the first one arrived.
 */
export async function postOutcome(
  metadata: InvocationMetadata,
  outcome: SettledOutcome,
  route: AnswerRoute,
): Promise<DeliveryStatus> {
  const { requestId } = metadata;
  const log = route.log;
  const request = requestFor(requestId, outcome);
  for (let failures = 0; ;) {
    const reply = await post(failures === 0 ? route.first : route.repeats(), request);
    const { status } = reply;
    if (status >= 200 && status < 300) return 'delivered';
    if (status === 400 && (failures > 0 || route.triedBefore === true)) return 'delivered';
    if (nobodyWaits(reply)) return tellNobodyWaits(reply, requestId, log);
    if (status === 413 && outcome.type === 'response') {
      log.error(
        { requestId, bytes: Buffer.byteLength(outcome.body) },
        'The response is too large for Lambda',
      );
      // On the slot's connection it would wait behind the next poll. Where the Runtime API has told the caller by itself, it
      // refuses this with 400.
      const instead = { ...route, first: route.repeats(), triedBefore: true };
      const became = await postOutcome(metadata, RESPONSE_TOO_LARGE, instead);
      return became === 'delivered' ? 'replaced' : became;
    }
    if (status > 0 && status < 500) {
      log.error({ requestId, status }, 'The Runtime API refused the answer');
      return 'failed';
    }
    const reason = reply.fault ?? status;
    failures += 1;
    const delayMs = delayAfter(failures, ANSWER_SCHEDULE);
    const isLast =
      delayMs === undefined || (failures >= MIN_TRIES && dateNow() + delayMs > metadata.deadlineMs);
    if (!isLast && !route.signal.aborted) {
      log.warn({ requestId, failures, reason }, 'Answering failed, will retry');
      route.observer.retries('answer');
      if (await wait(delayMs, route.signal)) continue;
    }
    log.error({ requestId, failures, reason }, 'The answer could not be delivered');
    return 'failed';
  }
}

/** Even an answer past its deadline gets that many tries: the caller's clock is not ours. */
export const MIN_TRIES = 3;

/** What a caller hears whose response was refused for its size. */
export const RESPONSE_TOO_LARGE = failure(
  encodeDiagnostic(
    diagnostic(
      'Function.ResponseSizeTooLarge',
      'The response is larger than Lambda accepts (6 MiB). Return less, or store it and return where it is.',
    ),
  ),
);

/** What the Runtime API says of an answer. */
export interface Reply {
  /** 0 where none has come. */
  readonly status: number;
  readonly text: string;
  /** What went wrong on the way. */
  readonly fault?: string;
}

/** Does the Runtime API refuse the answer because its caller is gone? */
export function nobodyWaits({ status, text }: Reply): boolean {
  return status === 410 || (status === 400 && text.includes('InvalidRequestID'));
}

/** No error: Lambda has told the caller already, of a timeout or of the end of the environment. */
export function tellNobodyWaits({ status }: Reply, requestId: string, log: Log): 'late' | 'aborted' {
  if (status === 410) {
    log.warn({ requestId }, 'The caller had its timeout before the answer came');
    return 'late';
  }
  log.warn({ requestId }, 'Lambda had ended the invocation before the answer came');
  return 'aborted';
}

async function post(connection: Connection, request: Dispatcher.DispatchOptions): Promise<Reply> {
  try {
    const { status, body } = await connection.sendPipelined(request).answer;
    return { status, text: typeof body === 'string' ? body : '' };
  } catch (error) {
    return { status: 0, text: '', fault: (error as Error).message };
  }
}

function requestFor(requestId: string, outcome: SettledOutcome): Dispatcher.DispatchOptions {
  const path = `${API_VERSION}/runtime/invocation/${requestId}`;
  if (outcome.type === 'response') {
    return {
      method: 'POST',
      path: `${path}/response`,
      headers: ['content-type', outcome.contentType],
      body: outcome.body,
      headersTimeout: POST_TIMEOUT_MS,
    };
  }
  return {
    method: 'POST',
    path: `${path}/error`,
    headers: [
      'content-type',
      'application/json',
      ...errorTypeHeader(outcome.diagnostic.errorType),
      'lambda-runtime-function-xray-error-cause',
      outcome.diagnostic.xrayCause,
    ],
    body: outcome.diagnostic.body,
    headersTimeout: POST_TIMEOUT_MS,
  };
}

/** The names of the trailers of a streamed response, as its header `Trailer` announces them. */
export const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
export const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';

/** Writes a streamed body to a request, and tells the body when the socket has taken a chunk. Ends it with its trailers. */
export function requestSink(req: ClientRequest, body: StreamedBody): Writable {
  return new Writable({
    // The body waits elsewhere.
    highWaterMark: 1,
    write(chunk: Buffer<ArrayBuffer>, _encoding, callback) {
      req.write(chunk, (error) => {
        if (!error) body.passedOn(chunk);
        callback(error);
      });
    },
    final(callback) {
      if (body.failure !== undefined) req.addTrailers(errorTrailers(body.failure));
      req.end(callback);
    },
    destroy(error, callback) {
      if (error !== null) req.destroy(error);
      callback(error);
    },
  });
}

function errorTrailers(reason: EncodedDiagnostic): Record<string, string> {
  const { body } = shortenDiagnostic(reason, LARGEST_DIAGNOSTIC_BYTES);
  return {
    [ERROR_TYPE]: errorTypeHeader(reason.errorType)[1],
    [ERROR_BODY]: Buffer.from(body).toString('base64'),
  };
}

/** A server written in Go, as AWS's emulator is, takes no more than 4 KiB of trailers, and base64 adds a third. */
const LARGEST_DIAGNOSTIC_BYTES = 2800;

/** A signal that aborts after a while, or together with another one. */
export interface TimeoutSignal {
  readonly signal: AbortSignal;
  /** It is needed no more: neither timer nor listener stay behind. */
  end(): void;
}

/** Aborts after that many ms, or after the longest time that a timer can wait. */
export function timeoutSignal(ms: number, other: AbortSignal): TimeoutSignal {
  const controller = new AbortController();
  const abort = () => controller.abort(other.reason);
  const timer = setTimeout(abort, Math.min(ms, LONGEST_TIMER_MS));
  const removeListener = onAbort(other, abort);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      removeListener();
    },
  };
}
