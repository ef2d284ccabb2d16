import type { Log } from '../logging/log.ts';

/**
 * Keeps the main thread alive: what escapes there, from a preloaded module or a user's listener, is logged, and output
 * that nobody reads any more is dropped. The supervisor holds all invocations; it must not end for one fault.
 *
 * Returns what undoes it.
 */
export function guardSupervisor(log: Log): () => void {
  const onUncaught = (error: unknown) => log.error({ err: error }, 'An error escaped on the main thread');
  process.on('uncaughtException', onUncaught);
  const attend = ignoreBrokenOutput();
  return () => {
    process.off('uncaughtException', onUncaught);
    attend();
  };
}

/** Output that nobody reads any more is dropped; else the first line after that would end the process. */
export function ignoreBrokenOutput(): () => void {
  const ignore = () => undefined;
  const outputs = [process.stdout, process.stderr];
  for (const output of outputs) output.on('error', ignore);
  return () => {
    for (const output of outputs) output.off('error', ignore);
  };
}
