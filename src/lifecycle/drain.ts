import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';

/**
 * Lets what is in flight finish for that many ms; what then still runs is answered with an error.
 *
 * @param answered settles when all slots have stopped polling and their last answers are delivered.
 */
export async function drain(pool: WorkerPool, answered: Promise<unknown>, timeoutMs: number): Promise<void> {
  if (await settles(answered, timeoutMs)) return;
  pool.abandon(SHUTDOWN_DIAGNOSTIC);
  await settles(answered, LAST_ANSWERS_MS);
}

/** Lambda kills 100 ms after the default of `shutdownTimeoutMs`. */
const LAST_ANSWERS_MS = 80;

const SHUTDOWN_DIAGNOSTIC = encodeDiagnostic(
  diagnostic('Runtime.Shutdown', 'The runtime shut down before the handler returned.'),
);

/** Whether the promise settles, either way, within that many ms. */
export async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, withinMs, false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
