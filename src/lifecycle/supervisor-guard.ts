import type { Log } from '../logging/log.ts';

/**
 * Keeps the main thread alive: what escapes there, from a preloaded module or a user's listener, is logged, and output
 * that nobody reads any more is dropped. The supervisor holds all invocations; it must not end for one fault.
 *
 * Returns what undoes it.
 */
export function guardSupervisor(log: Log): () => void {
  const onUncaught = (error: unknown) => log.error({ err: error }, 'An error escaped on the main thread');
  const ignore = () => undefined;
  process.on('uncaughtException', onUncaught);
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
  return () => {
    process.off('uncaughtException', onUncaught);
    process.stdout.off('error', ignore);
    process.stderr.off('error', ignore);
  };
}
