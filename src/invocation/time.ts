import { dateNow } from '../builtins.ts';

/** The longest that a timer of Node can wait, in ms, 24 days: one that is to wait longer fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How long a timer has to wait for an instant (epoch ms): not at all for one that has passed, as long as it can for a far one. */
export function msUntil(instantMs: number): number {
  return Math.min(Math.max(instantMs - dateNow(), 0), LONGEST_TIMER_MS);
}

/** Milliseconds, in fractions, on a clock that all threads of the process share and that never jumps. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** The original: handlers' tests and mocks may put something in its place. */
const hrtime = process.hrtime.bind(process);
