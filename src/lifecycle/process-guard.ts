import { exit, setTimeout } from '../builtins.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { monotonicMs } from '../invocation/time.ts';
import { realmGlobal } from '../realm-global.ts';
import type { Log } from '../logging/log.ts';

/**
 * Claims the process for one runtime, because two runtimes would take each other's events and signals.
 *
 * @returns a function that releases the claim.
 * @throws ManagedRuntimeError `ALREADY_RUNNING` if another runtime is running in this process.
 */
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

const claimed = realmGlobal<boolean>('running');

/**
 * Calls `stop` on the first SIGTERM or SIGINT. A later signal ends the process at once with the exit code that shells expect,
 * unless it follows within {@link FORWARDED_WITHIN_MS}: a terminal sends one Ctrl-C to all processes, and npm, npx and
 * `node --watch` also forward it to the runtime.
 *
 * @returns a function that removes the listeners. If a signal was received, the process then exits after `lingerMs` at the
 *   latest, even if timers of a handler are left; the code after `run()` must complete within this time.
 */
export function onStopSignal(stop: (signal: NodeJS.Signals) => void): (lingerMs: number) => void {
  let firstAtMs: number | undefined;
  const listeners = SIGNALS.map(([name, number]) => {
    const listener = () => {
      if (firstAtMs === undefined) {
        firstAtMs = monotonicMs();
        stop(name);
      } else if (monotonicMs() - firstAtMs > FORWARDED_WITHIN_MS) {
        exit(128 + number);
      }
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return (lingerMs) => {
    for (const remove of listeners) remove();
    if (firstAtMs !== undefined) setTimeout(() => exit(), lingerMs).unref();
  };
}

const FORWARDED_WITHIN_MS = 500;

const SIGNALS = [
  ['SIGTERM', 15],
  ['SIGINT', 2],
] as const;

/**
 * Keeps the main thread alive, because it holds all invocations: logs uncaught errors, for example of a preloaded module or
 * a user's listener, and ignores errors of stdout and stderr whose reader is gone.
 *
 * @returns a function that removes the listeners.
 */
export function logUncaughtOnMainThread(log: Log): () => void {
  const onUncaught = (error: unknown) => log.error({ err: error }, 'Uncaught error on the main thread');
  process.on('uncaughtException', onUncaught);
  const restoreOutputErrors = ignoreBrokenOutput();
  return () => {
    process.off('uncaughtException', onUncaught);
    restoreOutputErrors();
  };
}

/**
 * Ignores errors of stdout and stderr, because an `EPIPE` without a listener ends the process.
 *
 * @returns a function that removes the listeners.
 */
export function ignoreBrokenOutput(): () => void {
  const ignore = () => undefined;
  const outputs = [process.stdout, process.stderr];
  for (const output of outputs) output.on('error', ignore);
  return () => {
    for (const output of outputs) output.off('error', ignore);
  };
}
