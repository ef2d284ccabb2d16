import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { Deliveries } from '../polling/deliveries.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import { settles } from './settles.ts';
import type { ShutdownClock } from './shutdown-clock.ts';

/**
 * Lets what is in flight finish; answers with an error what then still runs, and waits for the answers.
 *
 * @param polls settles when no slot polls any more and all invocations have settled.
 */
export async function drain(
  pool: WorkerPool,
  polls: Promise<unknown>,
  deliveries: Deliveries,
  clock: ShutdownClock,
): Promise<void> {
  const finished = polls.then(() => deliveries.settled());
  // Lambda aborts all invocations before it ends an environment: one refused answer tells that no other is wanted. What
  // handlers have given to `waitUntil` goes on.
  void deliveries.aborted().then(() => pool.abandon(SHUTDOWN_DIAGNOSTIC));
  if (await settles(finished, clock.msFor('finishInvocations'))) return;
  pool.abandon(SHUTDOWN_DIAGNOSTIC);
  await settles(deliveries.settled(), clock.msFor('deliverAnswers'));
}

const SHUTDOWN_DIAGNOSTIC = encodeDiagnostic(
  diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.'),
);
