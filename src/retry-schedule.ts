/** How long to wait before which try, and when to give up. */
export interface RetrySchedule {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Tries in all, the first one included. */
  readonly tries: number;
}

/** Twenty tries in about fifteen minutes, then the environment is of no use. */
export const POLL_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 90_000, tries: 20 };

/** Where no descriptor is left for a poll's connection: about as long, but soon back when there is one. */
export const DESCRIPTOR_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 10_000, tries: 100 };

/** An answer is worth sending until its deadline, which ends it before the tries do. */
export const ANSWER_SCHEDULE: RetrySchedule = { firstDelayMs: 50, longestDelayMs: 2_000, tries: 1000 };

/** The process is about to exit: a few tries, soon. */
export const INIT_ERROR_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 1_000, tries: 5 };

/** A thread that does not come up is tried again for as long as the pool lives. */
export const THREAD_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 5_000, tries: Infinity };

/**
 * The delay after the given number of failures, in ms: it doubles, and is up to a quarter more or less, so that slots
 * which failed together do not come back together. Undefined when there is no further try.
 */
export function delayAfter(
  failures: number,
  schedule: RetrySchedule,
  random = Math.random(),
): number | undefined {
  if (failures >= schedule.tries) return undefined;
  const full = Math.min(schedule.firstDelayMs * 2 ** (failures - 1), schedule.longestDelayMs);
  return full * (0.75 + random / 2);
}
