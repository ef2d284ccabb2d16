import { performance } from 'node:perf_hooks';

/** Milliseconds, in fractions, on a clock that all threads of the process share and that never jumps. */
export function monotonicMs(): number {
  return now() + OFFSET_MS;
}

/** The original: handlers' tests and mocks may put something in its place. */
const now = performance.now.bind(performance);

/** Each thread's `performance.now()` begins with the thread. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - now();
