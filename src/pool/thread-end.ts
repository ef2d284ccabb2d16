import {
  decodeDiagnostic,
  diagnose,
  diagnostic,
  encodeDiagnostic,
  summaryOf,
} from '../invocation/diagnostic.ts';
import type { Diagnostic, EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import type { FailureCause, ThreadEndCause } from '../observability/observer.ts';
import type { UncaughtErrorMessage } from '../protocol.ts';
import type { PendingInvocation } from './pending-invocation.ts';

/** Why a thread ended, or is about to. */
export type ThreadEndReason =
  | { readonly kind: 'uncaught-error'; readonly message: UncaughtErrorMessage }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'error'; readonly error: unknown }
  /** `blockedIn` names the functions that block the event loop, if they are known. */
  | { readonly kind: 'deadline'; readonly requestId: string; readonly blockedIn: string | undefined }
  | { readonly kind: 'out-of-memory'; readonly diagnostic: Diagnostic }
  | { readonly kind: 'start-failed'; readonly diagnostic: EncodedDiagnostic }
  | { readonly kind: 'recycled' }
  | { readonly kind: 'stopped' };

/**
 * The error for the end of a thread, or for one invocation on it.
 *
 * @param requestId the invocation; omitted for the thread. An uncaught error is only reported for the invocation that caused it,
 *   or for the thread if no invocation did; all others get the error of a lost thread.
 */
export function describeThreadEnd(endReason: ThreadEndReason, requestId?: string): EncodedDiagnostic {
  if (endReason.kind === 'start-failed') return endReason.diagnostic;
  if (endReason.kind === 'uncaught-error' && endReason.message.requestId === requestId)
    return endReason.message.diagnostic;
  return encodeDiagnostic(explain(endReason));
}

/** Why an ended thread is replaced; undefined if it is not replaced. */
export function replacementCause(endReason: ThreadEndReason): ThreadEndCause | undefined {
  switch (endReason.kind) {
    case 'uncaught-error':
      return endReason.message.origin === 'exit' ? 'exit' : 'uncaughtError';
    case 'error':
      return isOutOfMemory(endReason.error) ? 'outOfMemory' : 'uncaughtError';
    case 'out-of-memory':
      return 'outOfMemory';
    case 'start-failed':
      return 'startFailed';
    case 'stopped':
      return undefined;
    default:
      return endReason.kind;
  }
}

/**
 * Returns the reason that says more about the end of a thread: the one that was recorded when the thread was retired or asked
 * to end, or the one that was observed.
 *
 * @param isAsked whether the thread was asked to end.
 */
export function moreSpecificReason(
  recorded: ThreadEndReason | undefined,
  observed: ThreadEndReason,
  isAsked: boolean,
): ThreadEndReason {
  if (recorded === undefined) return observed;
  if (observed.kind === 'exit') {
    // A thread that was retired at a deadline, or to be replaced, can exit by itself before it is asked to.
    const isExpected = isAsked || (recorded.kind !== 'deadline' && recorded.kind !== 'recycled');
    return isExpected ? recorded : observed;
  }
  // An error after an uncaught one is usually that of a listener. Other invocations on the thread must not get it.
  const isOfListener =
    observed.kind === 'error' && recorded.kind === 'uncaught-error' && !isOutOfMemory(observed.error);
  return isOfListener ? recorded : observed;
}

/** The failure category for invocations that the ended thread held. */
export function failureCause({ kind }: ThreadEndReason): FailureCause {
  return kind === 'stopped' || kind === 'recycled' ? 'shutdown' : 'crash';
}

function explain(endReason: Exclude<ThreadEndReason, { kind: 'start-failed' }>): Diagnostic {
  switch (endReason.kind) {
    case 'uncaught-error':
      return explainUncaughtError(endReason.message);
    case 'exit':
      return diagnostic(
        'Runtime.ExitError',
        `The worker thread ended with exit code ${endReason.code} before the handler returned. ` +
          'Return from the handler, or throw an error, instead of calling process.exit().',
      );
    case 'error':
      return explainError(endReason.error);
    case 'deadline':
      return diagnostic(
        'Runtime.ThreadTerminated',
        'The worker thread was terminated because its event loop was blocked past the deadline of another of its ' +
          `invocations, ${endReason.requestId}${endReason.blockedIn === undefined ? '' : `, in ${endReason.blockedIn}`}.`,
      );
    case 'out-of-memory':
      return endReason.diagnostic;
    case 'recycled':
    case 'stopped':
      return diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.');
  }
}

/** The error for an invocation that shared the thread with the code that failed. */
function explainUncaughtError({ origin, requestId, diagnostic: cause }: UncaughtErrorMessage): Diagnostic {
  const source = requestId === undefined ? 'code outside any invocation' : `the invocation ${requestId}`;
  if (origin === 'exit') {
    return diagnostic(
      'Runtime.ExitError',
      `The worker thread ended because ${source} called process.exit().`,
    );
  }
  return diagnostic(
    'Runtime.ThreadLost',
    `The worker thread was lost to an error (${origin}, ${cause.errorType}) in ${source}. See the log for its stack.`,
  );
}

function explainError(error: unknown): Diagnostic {
  return isOutOfMemory(error) ? OUT_OF_MEMORY : diagnose(error);
}

function isOutOfMemory(error: unknown): boolean {
  return diagnose(error).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** The error for a thread whose heap exceeds its limit. */
export const OUT_OF_MEMORY = diagnostic(
  'Runtime.OutOfMemory',
  'The worker thread ran out of heap memory. Give the function more memory, run fewer threads, or raise ' +
    'resourceLimits.maxOldGenerationSizeMb.',
);

/**
 * Logs an uncaught error, but not an exit that follows an error of the same invocation: a listener that calls process.exit()
 * reacts to an error that has already been logged.
 *
 * @param previous the previous uncaught error of the thread or the process.
 * @param thread undefined in single mode.
 */
export function logUncaughtError(
  log: Log,
  message: UncaughtErrorMessage,
  previous: UncaughtErrorMessage | undefined,
  thread: number | undefined,
): void {
  const { origin, invocationId, requestId, tenantId, diagnostic } = message;
  if (origin === 'exit' && previous !== undefined && previous.invocationId === invocationId) return;
  log.error(
    { requestId, tenantId, thread, how: origin, ...decodeDiagnostic(diagnostic) },
    'Uncaught error in a handler',
  );
}

/**
 * Logs that an invocation or its background work ended with its thread. If an error ended the thread, a separate line has
 * the stack.
 *
 * @param thread undefined in single mode.
 */
export function logLostInvocation(
  log: Log,
  { invocation, inBackground }: PendingInvocation,
  { kind: threadEnd }: ThreadEndReason,
  diagnostic: EncodedDiagnostic,
  thread: number | undefined,
): void {
  const { requestId, tenantId } = invocation.metadata;
  log.error(
    { requestId, tenantId, thread, threadEnd, ...summaryOf(diagnostic) },
    inBackground ? 'Background work was lost' : 'An invocation was lost with its thread',
  );
}

/** Logs that a thread ended although the runtime did not ask for it. */
export function logThreadLost(log: Log, thread: number, endReason: ThreadEndReason): void {
  const diagnostic = decodeDiagnostic(describeThreadEnd(endReason));
  log.error({ thread, threadEnd: endReason.kind, ...diagnostic }, 'A thread was lost and is replaced');
}

/** Fields for a log line that accompanies another line with the stack. */
export function summaryOfEnd(endReason: ThreadEndReason): object {
  return { threadEnd: endReason.kind, ...summaryOf(describeThreadEnd(endReason)) };
}
