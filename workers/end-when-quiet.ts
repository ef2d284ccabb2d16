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
 * Ends the thread as soon as none of its native work is in flight. Otherwise Node.js would run the completion of that work
 * during teardown, where addons that call JavaScript abort the process.
 *
 * The event loop is checked periodically and before promise continuations. The second check is for code that starts new work
 * whenever previous work completes: the loop is quiet only between the completion and the continuation. Child processes get
 * SIGTERM and are awaited, because only the event loop that started a process can reap it.
 *
 * @param exit ends the thread, as `process.exit` does.
 */
export function endWhenQuiet(exit: () => void): void {
  // Otherwise a report resolves the host names of all peers synchronously.
  Object.assign(process.report, { excludeNetwork: true });
  const exitIfQuiet = () => {
    if (isQuiet()) exit();
  };
  const timer = setInterval(exitIfQuiet, CHECK_INTERVAL_MS);
  if (markOf(timer) === undefined) timer.unref();
  createHook({
    before() {
      // In other callbacks, an addon's completion may still be on the stack.
      if (executionAsyncResource() instanceof Promise) exitIfQuiet();
    },
  }).enable();
  exitIfQuiet();
}

/** A check takes 3 ms. */
const CHECK_INTERVAL_MS = 50;

/** Whether only handles, timers and immediates keep the event loop alive, but no requests and no child processes. */
function isQuiet(): boolean {
  unreferenceHandles();
  const timer = setTimeout(() => undefined, CHECK_INTERVAL_MS).unref();
  const immediate = setImmediate(() => undefined).unref();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((type) => type === 'Timeout').length;
  const immediates = resources.filter((type) => type === 'Immediate').length;
  count(timer, timers, 'down');
  count(immediate, immediates, 'down');
  try {
    return !isLoopAlive();
  } finally {
    // Node.js decrements the counts when a timer or immediate fires or is cleared.
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

/** Unreferences all handles permanently, because the thread no longer waits for them. Sends SIGTERM to child processes. */
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
 * Changes Node's count of referenced timers or immediates, because they cannot be listed and unreferenced. If Node.js does not
 * mark timers as expected, this does nothing, and a thread with timers is terminated after the time limit.
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

/** Whether referenced handles or requests are left, including work of addons. Only a report provides this information. */
function isLoopAlive(): boolean {
  const { libuv } = process.report.getReport() as { libuv: Array<{ type: string; is_active?: boolean }> };
  return libuv.find(({ type }) => type === 'loop')?.is_active ?? true;
}
