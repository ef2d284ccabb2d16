import { exit, setTimeout } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { globalSlot } from '../global-slot.ts';
import type { Log } from '../logging/log.ts';

/** One runtime may run in a process at a time: each would take the other's events and signals. */
export function claimProcess(): () => void {
  if (claimed.value === true) {
    throw new ManagedRuntimeError(
      'ALREADY_RUNNING',
      'Another managed runtime is running in this process. Stop it before you run this one.',
    );
  }
  claimed.value = true;
  return () => {
    claimed.value = false;
  };
}

const claimed = globalSlot<boolean>('running');

/**
 * Calls back on the first SIGTERM or SIGINT; a second one ends the process at once, with the code that shells expect.
 *
 * @returns what stops listening. A process that was asked to end then ends within that many ms, even if a handler has left
 *   timers behind: so long may the code take that follows `run()`.
 */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): (lingerMs: number) => void {
  let asked = false;
  const listeners = SIGNALS.map(([name, number]) => {
    const listener = () => {
      if (asked) exit(128 + number);
      asked = true;
      stop(name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return (lingerMs) => {
    for (const remove of listeners) remove();
    if (asked) setTimeout(() => exit(), lingerMs).unref();
  };
}

const SIGNALS = [
  ['SIGTERM', 15],
  ['SIGINT', 2],
] as const;

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
