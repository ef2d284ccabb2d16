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
export type ThreadEnd =
  | { readonly cause: 'uncaught-error'; readonly message: UncaughtErrorMessage }
  | { readonly cause: 'exit'; readonly code: number }
  | { readonly cause: 'error'; readonly error: unknown }
  | { readonly cause: 'deadline'; readonly requestId: string }
  | { readonly cause: 'out-of-memory'; readonly diagnostic: Diagnostic }
  | { readonly cause: 'boot-failed'; readonly diagnostic: EncodedDiagnostic }
  | { readonly cause: 'recycled' }
  | { readonly cause: 'stopped' };

/** The error for an invocation whose thread ended. */
export function describeThreadEnd(end: ThreadEnd, requestId: string | undefined): EncodedDiagnostic {
  if (end.cause === 'boot-failed') return end.diagnostic;
  if (end.cause === 'uncaught-error' && end.message.requestId === requestId) return end.message.diagnostic;
  return encodeDiagnostic(explain(end));
}

/** Why an ended thread is replaced; undefined if it is not replaced. */
export function replacementCause(end: ThreadEnd): ThreadEndCause | undefined {
  switch (end.cause) {
    case 'uncaught-error':
      return end.message.how === 'exit' ? 'exit' : 'uncaughtError';
    case 'error':
      return isOutOfMemory(end.error) ? 'outOfMemory' : 'uncaughtError';
    case 'out-of-memory':
      return 'outOfMemory';
    case 'boot-failed':
      return 'bootFailed';
    case 'stopped':
      return undefined;
    default:
      return end.cause;
  }
}

/** The failure category for invocations that the ended thread held. */
export function failureCause({ cause }: ThreadEnd): FailureCause {
  return cause === 'stopped' || cause === 'recycled' ? 'shutdown' : 'crash';
}

function explain(end: Exclude<ThreadEnd, { cause: 'boot-failed' }>): Diagnostic {
  switch (end.cause) {
    case 'uncaught-error':
      return explainUncaughtError(end.message);
    case 'exit':
      return diagnostic(
        'Runtime.ExitError',
        `The worker thread ended with exit code ${end.code} before the handler returned. ` +
          'Return from the handler, or throw an error, instead of calling process.exit().',
      );
    case 'error':
      return explainError(end.error);
    case 'deadline':
      return diagnostic(
        'Runtime.ThreadTerminated',
        `The worker thread was terminated because another of its invocations, ${end.requestId}, blocked it ` +
          'past its deadline.',
      );
    case 'out-of-memory':
      return end.diagnostic;
    case 'recycled':
    case 'stopped':
      return diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.');
  }
}

/** For an invocation that shared the thread with the code that failed. */
function explainUncaughtError({ how, requestId, diagnostic: cause }: UncaughtErrorMessage): Diagnostic {
  const source = requestId === undefined ? 'code outside any invocation' : `the invocation ${requestId}`;
  if (how === 'exit') {
    return diagnostic(
      'Runtime.ExitError',
      `The worker thread ended because ${source} called process.exit().`,
    );
  }
  return diagnostic(
    'Runtime.ThreadLost',
    `The worker thread was lost to an error (${how}, ${cause.errorType}) in ${source}. See the log for its stack.`,
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

/** @param thread undefined in single mode. */
export function logUncaughtError(log: Log, message: UncaughtErrorMessage, thread: number | undefined): void {
  const { how, requestId, tenantId, diagnostic } = message;
  log.error(
    { requestId, tenantId, thread, how, ...decodeDiagnostic(diagnostic) },
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
  { cause: threadEnd }: ThreadEnd,
  reason: EncodedDiagnostic,
  thread: number | undefined,
): void {
  const { requestId, tenantId } = invocation.metadata;
  log.error(
    { requestId, tenantId, thread, threadEnd, ...summaryOf(reason) },
    inBackground ? 'Background work was lost' : 'An invocation was lost with its thread',
  );
}

/** Logs that a thread ended although the runtime did not ask for it. */
export function logThreadLost(log: Log, thread: number, end: ThreadEnd): void {
  const diagnostic = decodeDiagnostic(describeThreadEnd(end, undefined));
  log.error({ thread, threadEnd: end.cause, ...diagnostic }, 'A thread was lost and is replaced');
}

/** Fields for a log line that accompanies another line with the stack. */
export function summaryOfEnd(end: ThreadEnd): object {
  return { threadEnd: end.cause, ...summaryOf(describeThreadEnd(end, undefined)) };
}
