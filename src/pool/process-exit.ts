import { accessSync, constants } from 'node:fs';
import { inspect } from 'node:util';
import { takeCoverage } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/**
 * Node ends a process by terminating its threads, and an addon whose asynchronous work is in flight may abort the process
 * then. Where threads are alive when the process exits, this replaces the process image by one that only exits with the
 * code: the operating system takes the threads, and no addon hears of it.
 *
 * @param isAnyAlive asked when the process exits.
 * @returns what undoes it.
 */
export function exitWithoutThreads(isAnyAlive: () => boolean): () => void {
  if (!isMainThread || typeof process.execve !== 'function') return () => undefined;
  let uncaught: { readonly error: unknown } | undefined;
  const onUncaught = (error: unknown) => {
    uncaught = { error };
    // Where a listener has dealt with the error, the process lives on.
    process.nextTick(() => (uncaught = undefined));
  };
  const listener = (code: number) => {
    if (!isAnyAlive()) return;
    callListenersBehind(listener, code);
    // Node prints the error that ends the process only after this event.
    if (uncaught !== undefined) console.error(inspect(uncaught.error));
    takeCoverage();
    replaceProcess(Number(process.exitCode ?? code) & 0xff);
  };
  process.on('uncaughtExceptionMonitor', onUncaught);
  process.on('exit', listener);
  return () => {
    process.off('uncaughtExceptionMonitor', onUncaught);
    process.off('exit', listener);
  };
}

/** They would not be called any more. */
function callListenersBehind(listener: (code: number) => void, code: number): void {
  const listeners = process.listeners('exit');
  for (const later of listeners.slice(listeners.indexOf(listener) + 1)) {
    try {
      later.call(process, code);
    } catch (error) {
      console.error(error);
    }
  }
}

function replaceProcess(code: number): void {
  try {
    accessSync(SHELL, constants.X_OK);
    process.execve?.(SHELL, ['sh', '-c', `exit ${code}`], {});
  } catch {
    // No shell, or Node's permission model forbids it: Node itself ends the process, as ever.
  }
}

const SHELL = '/bin/sh';
