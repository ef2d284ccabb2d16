import { decodeDiagnostic, summaryOf } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import type { UncaughtErrorMessage } from '../protocol.ts';
import type { PendingInvocation } from './pending-invocation.ts';
import type { ThreadEnd } from './thread-end.ts';

/** @param thread undefined in single mode. */
export function logEscaped(log: Log, message: UncaughtErrorMessage, thread: number | undefined): void {
  const { how, requestId, tenantId, diagnostic } = message;
  log.error(
    { requestId, tenantId, thread, how, ...decodeDiagnostic(diagnostic) },
    'Uncaught error in a handler',
  );
}

/**
 * An invocation, or what it has left behind, has ended with its thread. Where that ended of an error, another line has the
 * stack.
 *
 * @param thread undefined in single mode.
 */
export function logLost(
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
