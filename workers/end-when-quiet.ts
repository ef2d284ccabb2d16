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
 * All handles are made unreferenced, and timers do not count when the thread looks whether its event loop has anything left.
 * Code that starts new work whenever some is done runs in continuations of promises, and between the completion of
 * the last work and the continuation is a moment to exit. Child processes get SIGTERM and stay referenced: only the
 * event loop that started a process can reap it.
 *
 * @param exit ends the thread, as `process.exit` does.
 */
export function endWhenQuiet(exit: () => void): void {
  // A report resolves the names of all peers otherwise, synchronously.
  Object.assign(process.report, { excludeNetwork: true });
  const exitIfQuiet = () => {
    unreferenceHandles();
    if (!isWorkInFlight()) exit();
  };
  unreferenceHandles();
  setInterval(exitIfQuiet, LOOK_AGAIN_MS).unref();
  createHook({
    before() {
      // In other callbacks the completion of an addon may still be on the stack.
      if (executionAsyncResource() instanceof Promise) exitIfQuiet();
    },
  }).enable();
}

/** A report of the event loop takes 3 ms. */
const LOOK_AGAIN_MS = 50;

const killed = new WeakSet<object>();

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

/** A socket, a port, a child process … */
interface Handle {
  unref?(): void;
  kill?(): boolean;
}

/**
 * Whether anything but timers and immediates is left for the event loop.
 *
 * They cannot be listed, but Node counts those that are referenced, and the event loop knows only whether there are any. So the
 * counts are brought to zero for one look, and back. Where Node does not mark them as expected nothing happens, and they keep
 * the thread until it is terminated.
 */
function isWorkInFlight(): boolean {
  const timer = setTimeout(() => undefined, LOOK_AGAIN_MS).unref();
  const immediate = setImmediate(() => undefined).unref();
  const resources = process.getActiveResourcesInfo();
  const referenced = [
    { one: timer, count: resources.filter((type) => type === 'Timeout').length },
    { one: immediate, count: resources.filter((type) => type === 'Immediate').length },
  ];
  for (const { one, count } of referenced) repeat(count, one, true, () => one.unref());
  const isAlive = isLoopAlive();
  for (const { one, count } of referenced) repeat(count, one, false, () => one.ref());
  for (const { one } of referenced) markReferenced(one, false);
  clearTimeout(timer);
  clearImmediate(immediate);
  return isAlive;
}

/** Changes Node's count by one each time, as if it were another timer each time. */
function repeat(times: number, one: Countable, isReferenced: boolean, change: () => void): void {
  for (let time = 0; time < times; time += 1) if (markReferenced(one, isReferenced)) change();
}

/** Says whether Node marks it as expected. */
function markReferenced(one: Countable, isReferenced: boolean): boolean {
  const mark = Object.getOwnPropertySymbols(one).find(({ description }) => description === 'refed');
  if (mark !== undefined) Object.assign(one, { [mark]: isReferenced });
  return mark !== undefined;
}

type Countable = NodeJS.Timeout | NodeJS.Immediate;

/** Whether a reference or a request is left, work of addons included. Nothing else tells of that. */
function isLoopAlive(): boolean {
  const { libuv } = process.report.getReport() as { libuv: Array<{ type: string; is_active?: boolean }> };
  return libuv.find(({ type }) => type === 'loop')?.is_active ?? true;
}
