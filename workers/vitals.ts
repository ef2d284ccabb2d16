import { readlinkSync } from 'node:fs';
import type { RecordableHistogram } from 'node:perf_hooks';
import { setInterval } from '../src/builtins.ts';
import { monotonicMs } from '../src/invocation/monotonic.ts';

/** Records from now on how late the event loop turns, in ns. The main thread reads the histogram. */
export function recordEventLoopDelay(delays: RecordableHistogram): void {
  let dueMs = monotonicMs() + INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = monotonicMs();
    delays.record(Math.max(1, Math.round((nowMs - dueMs) * NS_PER_MS)));
    dueMs = nowMs + INTERVAL_MS;
  }, INTERVAL_MS);
  timer.unref();
}

/** The operating system's number of this thread, by which the main thread finds its CPU time. */
export function osThread(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

/** Each sample wakes the thread up: seldom, since there may be hundreds of threads. */
const INTERVAL_MS = 100;

const NS_PER_MS = 1e6;
