import { createHook, executionAsyncResource } from 'node:async_hooks';
import {
  clearImmediate,
  clearTimeout,
  Promise,
  setImmediate,
  setInterval,
  setTimeout,
} from '../src/builtins.ts';

/**
 * Ends the thread at the first moment at which no native work of it is in flight, since Node would run the completion of
 * that work while it tears the thread down, where addons that call JavaScript then abort the process.
 *
 * The loop is looked at again and again. Code that starts new work whenever some is done never leaves a moment between two
 * turns; such code runs in continuations of promises, and between the completion of the last work and the continuation is
 * a moment to exit. Child processes get SIGTERM and are waited for: only the event loop that started a process can reap it.
 *
 * @param exit ends the thread, as `process.exit` does.
 */
export function endWhenQuiet(exit: () => void): void {
  // A report resolves the names of all peers otherwise, synchronously.
  Object.assign(process.report, { excludeNetwork: true });
  const exitIfQuiet = () => {
    if (isQuiet()) exit();
  };
  const timer = setInterval(exitIfQuiet, LOOK_AGAIN_MS);
  if (markOf(timer) === undefined) timer.unref();
  createHook({
    before() {
      // In other callbacks the completion of an addon may still be on the stack.
      if (executionAsyncResource() instanceof Promise) exitIfQuiet();
    },
  }).enable();
  exitIfQuiet();
}

/** A look takes 3 ms. */
const LOOK_AGAIN_MS = 50;

/** Whether nothing but handles, timers and immediates keeps the event loop alive: no request, and no child process. */
function isQuiet(): boolean {
  unreferenceHandles();
  const timer = setTimeout(() => undefined, LOOK_AGAIN_MS).unref();
  const immediate = setImmediate(() => undefined).unref();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((type) => type === 'Timeout').length;
  const immediates = resources.filter((type) => type === 'Immediate').length;
  count(timer, timers, 'down');
  count(immediate, immediates, 'down');
  try {
    return !isLoopAlive();
  } finally {
    // Node counts on: when one of them fires, or is cleared.
    count(timer, timers, 'up');
    count(immediate, immediates, 'up');
    clearTimeout(timer);
    clearImmediate(immediate);
  }
}

/** A socket, a port, a child process … */
interface Handle {
  unref?(): void;
  kill?(): boolean;
}

const killed = new WeakSet<Handle>();

/** They stay so: nobody waits any more for what they bring. */
function unreferenceHandles(): void {
  const { _getActiveHandles: activeHandles } = process as unknown as { _getActiveHandles?: () => Handle[] };
  for (const handle of activeHandles?.call(process) ?? []) {
    if (!('spawnfile' in handle)) handle.unref?.();
    else if (!killed.has(handle)) {
      killed.add(handle);
      handle.kill?.();
    }
  }
}

type Timer = NodeJS.Timeout | NodeJS.Immediate;

/**
 * Timers and immediates cannot be listed, but Node counts those that are referenced, and looks only at that count: this
 * changes it as if so many had lost their reference, or had got it back. Where Node does not mark them as expected,
 * nothing happens, and a thread that has any is terminated at last.
 */
function count(one: Timer, times: number, direction: 'down' | 'up'): void {
  const mark = markOf(one);
  if (mark === undefined) return;
  for (let time = 0; time < times; time += 1) {
    Object.assign(one, { [mark]: direction === 'down' });
    if (direction === 'down') one.unref();
    else one.ref();
  }
  Object.assign(one, { [mark]: false });
}

function markOf(one: Timer): symbol | undefined {
  return Object.getOwnPropertySymbols(one).find(({ description }) => description === 'refed');
}

/** Whether a reference or a request is left, work of addons included. Nothing else tells of that. */
function isLoopAlive(): boolean {
  const { libuv } = process.report.getReport() as { libuv: Array<{ type: string; is_active?: boolean }> };
  return libuv.find(({ type }) => type === 'loop')?.is_active ?? true;
}
