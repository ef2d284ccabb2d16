import { accessSync, constants } from 'node:fs';
import { inspect } from 'node:util';
import { takeCoverage } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/**
 * Makes the process exit without terminating worker threads one by one.
 *
 * Node.js terminates all threads when the process exits, and an addon with asynchronous work in flight may abort the process
 * then. If threads are alive when the process exits, this replaces the process image with one that only exits with the same
 * code. The operating system removes the threads, and no addon cleanup runs.
 *
 * @param areThreadsAlive called when the process exits.
 * @returns a function that removes the listeners.
 */
export function replaceProcessOnExit(areThreadsAlive: () => boolean): () => void {
  if (!isMainThread || typeof process.execve !== 'function') return () => undefined;
  let uncaught: { readonly error: unknown } | undefined;
  const onUncaught = (error: unknown) => {
    uncaught = { error };
    // If a listener handles the error, the process goes on and may exit later for another reason.
    process.nextTick(() => (uncaught = undefined));
  };
  const listener = (code: number) => {
    if (!areThreadsAlive()) return;
    callListenersAfter(listener, code);
    // Node.js prints the error that ends the process only after this event.
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

/** Calls the listeners that Node.js would not reach because the process image is replaced. */
function callListenersAfter(listener: (code: number) => void, code: number): void {
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
    // Without a shell, or if Node's permission model forbids execve, Node.js ends the process as usual.
  }
}

const SHELL = '/bin/sh';
