import { accessSync, constants } from 'node:fs';
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
  const listener = (code: number) => {
    if (!isAnyAlive()) return;
    callListenersBehind(listener, code);
    takeCoverage();
    replaceProcess(Number(process.exitCode ?? code) & 0xff);
  };
  process.on('exit', listener);
  return () => process.off('exit', listener);
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
