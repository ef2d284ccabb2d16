import { dateNow } from '../builtins.ts';

/** The longest delay of a Node.js timer, in ms (24 days). A timer with a longer delay fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The timer delay until an instant (epoch ms): at least 0 and at most {@link LONGEST_TIMER_MS}. */
export function msUntil(instantMs: number): number {
  return Math.min(Math.max(instantMs - dateNow(), 0), LONGEST_TIMER_MS);
}

/** Fractional milliseconds on a monotonic clock that all threads of the process share. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** The CPU time that the calling thread has used, in ms; undefined where the system does not tell. */
export const usedCpuMs: () => number | undefined = cpuClock();

function cpuClock(): () => number | undefined {
  // Not in all versions of Node.js and not on all systems.
  const usage = process.threadCpuUsage?.bind(process);
  const read = () => {
    const { user, system } = (usage as NonNullable<typeof usage>)();
    return (user + system) / 1_000;
  };
  try {
    read();
    return read;
  } catch {
    return () => undefined;
  }
}

/** The original function, because user code may replace it, for example with fake timers. */
const hrtime = process.hrtime.bind(process);
