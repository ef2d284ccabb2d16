/** Epoch ms, in fractions: bars of less than a millisecond have a length. */
export const now = steadyClock();

/**
 * A clock that never goes back. While a computer sleeps the steady one of the process stands still: when it is late, it is
 * set to the time of day.
 */
export function steadyClock(): () => number {
  let originMs = performance.timeOrigin;
  return () => {
    const lateMs = Date.now() - originMs - performance.now();
    if (lateMs > MAX_LATE_MS) originMs += lateMs;
    return Math.round((originMs + performance.now()) * 1000) / 1000;
  };
}

const MAX_LATE_MS = 1000;
