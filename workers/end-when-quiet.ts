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
 * All handles and timers are made unreferenced, so the event loop ends by itself once no work is left. Code that starts new
 * work whenever some is done never lets it end; such code runs in continuations of promises, and between the completion of
 * the last work and the continuation is a moment to exit. Child processes get SIGTERM and stay referenced: only the
 * event loop that started a process can reap it.
 *
 * @param exit ends the thread, as `process.exit` does.
 */
export function endWhenQuiet(exit: () => void): void {
  // A report resolves the names of all peers otherwise, synchronously.
  Object.assign(process.report, { excludeNetwork: true });
  const exitIfQuiet = () => {
    unreferenceAll();
    if (!isLoopAlive()) exit();
  };
  unreferenceAll();
  // For handles and timers that code has made since, and loops of setImmediate.
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

function unreferenceAll(): void {
  const { _getActiveHandles: activeHandles } = process as unknown as { _getActiveHandles?: () => Handle[] };
  for (const handle of activeHandles?.call(process) ?? []) {
    if (!('spawnfile' in handle)) handle.unref?.();
    else if (!killed.has(handle)) {
      killed.add(handle);
      handle.kill?.();
    }
  }
  const timer = setTimeout(() => undefined, LOOK_AGAIN_MS).unref();
  const immediate = setImmediate(() => undefined).unref();
  const resources = process.getActiveResourcesInfo();
  unreference(timer, resources.filter((type) => type === 'Timeout').length);
  unreference(immediate, resources.filter((type) => type === 'Immediate').length);
  clearTimeout(timer);
  clearImmediate(immediate);
}

/** A socket, a port, a child process … */
interface Handle {
  unref?(): void;
  kill?(): boolean;
}

/**
 * Timers and immediates cannot be listed, but Node counts those that are referenced, and looks only at that count. This
 * lowers it as if so many had been made unreferenced. Where Node does not mark them as expected nothing happens, and they
 * keep the thread until it is terminated.
 */
function unreference(one: NodeJS.Timeout | NodeJS.Immediate, times: number): void {
  const mark = Object.getOwnPropertySymbols(one).find(({ description }) => description === 'refed');
  if (mark === undefined) return;
  for (let time = 0; time < times; time += 1) {
    Object.assign(one, { [mark]: true });
    one.unref();
  }
}

/** Whether a reference or a request is left, work of addons included. Nothing else tells of that. */
function isLoopAlive(): boolean {
  const { libuv } = process.report.getReport() as { libuv: Array<{ type: string; is_active?: boolean }> };
  return libuv.find(({ type }) => type === 'loop')?.is_active ?? true;
}
