import type { Dispatcher } from 'undici';
import { dateNow } from '../builtins.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import { failureOutcome } from '../invocation/invocation.ts';
import type { DeliveryStatus, InvocationMetadata, CompleteOutcome } from '../invocation/invocation.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { ANSWER_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import { API_VERSION, POST_TIMEOUTS } from './connection.ts';
import type { Connection, RequestError } from './connection.ts';
import { errorTypeHeader } from './error-type-header.ts';
import { sleepUnlessAborted } from '../waiting.ts';

/** The connections for an answer: the slot's own first, a second one for retries because `/next` may be open on the first. */
export interface AnswerRoute {
  readonly first: Connection;
  readonly retries: () => Connection;
  /** Whether another answer to the invocation has been tried; then the first post already counts as a retry. */
  readonly triedBefore?: boolean;
  /** Ends the retries. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly observer: RequestsObserver;
}

/**
 * Posts an outcome until the Runtime API accepts it, refuses it for good, or the deadline has passed. Never rejects.
 *
 * Retries are safe: the Runtime API refuses a second copy with 400, which means that the first one arrived.
 */
export async function postOutcome(
  metadata: InvocationMetadata,
  outcome: CompleteOutcome,
  route: AnswerRoute,
): Promise<DeliveryStatus> {
  const { requestId } = metadata;
  const log = route.log;
  const request = requestFor(requestId, outcome);
  for (let failures = 0; ;) {
    const reply = await post(failures === 0 ? route.first : route.retries(), request);
    const { status } = reply;
    if (status >= 200 && status < 300) {
      // After a failed try, another connection may still be writing the body.
      if (outcome.type === 'response' && failures === 0) route.first.freeSent(outcome.body);
      return 'delivered';
    }
    if (status === 400 && (failures > 0 || route.triedBefore === true)) return 'delivered';
    if (isCallerGone(reply)) return logCallerGone(reply, requestId, log);
    if (status === 413 && outcome.type === 'response') {
      log.error(
        { requestId, bytes: Buffer.byteLength(outcome.body) },
        'The response is too large for Lambda',
      );
      return postInstead(metadata, RESPONSE_TOO_LARGE, route);
    }
    if (status > 0 && status < 500) {
      log.error({ requestId, status }, 'The Runtime API refused the answer');
      return 'failed';
    }
    failures += 1;
    if (!(await waitForRetry(metadata, failures, reply.fault ?? status, route))) return 'failed';
  }
}

/** Posts an error in place of an answer of which the Runtime API has not taken everything. Never rejects. */
export async function postInstead(
  metadata: InvocationMetadata,
  outcome: CompleteOutcome,
  route: AnswerRoute,
): Promise<DeliveryStatus> {
  // On the slot's connection the error would wait behind the next poll. If the Runtime API has already answered the caller
  // itself, it refuses this error with 400.
  const retry = { ...route, first: route.retries(), triedBefore: true };
  const delivery = await postOutcome(metadata, outcome, retry);
  return delivery === 'delivered' ? 'replaced' : delivery;
}

/** Waits after a failed try of an answer. Returns false, and logs an error, if there is no further try. */
export async function waitForRetry(
  { requestId, deadlineMs }: InvocationMetadata,
  failures: number,
  reason: string | number,
  { signal, log, observer }: Pick<AnswerRoute, 'signal' | 'log' | 'observer'>,
): Promise<boolean> {
  const delayMs = delayAfter(failures, ANSWER_SCHEDULE);
  const isLast = delayMs === undefined || (failures >= MIN_TRIES && dateNow() + delayMs > deadlineMs);
  if (!isLast && !signal.aborted) {
    log.warn({ requestId, failures, reason }, 'Answering failed, will retry');
    observer.retries('answer');
    if (await sleepUnlessAborted(delayMs, signal)) return true;
  }
  log.error({ requestId, failures, reason }, 'The answer could not be delivered');
  return false;
}

/** An answer past its deadline still gets this many tries, because clocks may differ. */
const MIN_TRIES = 3;

/** The error for a response that Lambda refused because of its size. */
export const RESPONSE_TOO_LARGE = failureOutcome(
  encodeDiagnostic(
    diagnostic(
      'Function.ResponseSizeTooLarge',
      'The response is larger than Lambda accepts (6 MiB). Return less data, or store it and return its location.',
    ),
  ),
);

/** The error that replaces a stream which could not be posted completely. */
export function truncatedResponse(reason: string): CompleteOutcome {
  const message = `The response could not be streamed completely: ${reason}.`;
  return failureOutcome(encodeDiagnostic(diagnostic('Runtime.TruncatedResponse', message)));
}

/** The response of the Runtime API to an answer, or the reason why there is none. */
export interface Reply {
  /** 0 if no response arrived. */
  readonly status: number;
  /** Empty if the response was cut off. */
  readonly text: string;
  /** The connection error, if no response arrived or the response with a server error was cut off. */
  readonly fault?: string;
}

/** Whether the Runtime API refuses the answer because the caller no longer waits. */
export function isCallerGone({ status, text }: Reply): boolean {
  return status === 410 || (status === 400 && text.includes('InvalidRequestID'));
}

/** Logs a warning, not an error, because Lambda has already reported a timeout or a shutdown to the caller. */
export function logCallerGone({ status }: Reply, requestId: string, log: Log): 'late' | 'aborted' {
  if (status === 410) {
    log.warn({ requestId }, 'The answer was too late: Lambda had already reported a timeout to the caller');
    return 'late';
  }
  log.warn({ requestId }, 'The answer was too late: Lambda had already ended the invocation');
  return 'aborted';
}

async function post(connection: Connection, request: Dispatcher.DispatchOptions): Promise<Reply> {
  try {
    const { status, body } = await connection.sendPipelined(request).response;
    return { status, text: typeof body === 'string' ? body : '' };
  } catch (error) {
    const { message, response } = error as RequestError;
    const status = response?.status ?? 0;
    // Any other status is sufficient without the rest of the response, because it says whether the answer was taken.
    return { status, text: '', ...((status === 0 || status >= 500) && { fault: message }) };
  }
}

function requestFor(requestId: string, outcome: CompleteOutcome): Dispatcher.DispatchOptions {
  const path = `${API_VERSION}/runtime/invocation/${requestId}`;
  if (outcome.type === 'response') {
    return {
      method: 'POST',
      path: `${path}/response`,
      headers: ['content-type', outcome.contentType],
      body: outcome.body,
      ...POST_TIMEOUTS,
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
    ...POST_TIMEOUTS,
  };
}
