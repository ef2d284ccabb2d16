/** The delays between tries and the number of tries. */
export interface RetrySchedule {
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Total number of tries, including the first one. */
  readonly tries: number;
}

/** Twenty tries in about 15 minutes, as AWS's client does. */
export const POLL_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 90_000, tries: 20 };

/** For polls without a free file descriptor: about the same total time, but shorter delays. */
export const DESCRIPTOR_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 10_000, tries: 100 };

/** For answers. In practice the invocation's deadline ends the retries. */
export const ANSWER_SCHEDULE: RetrySchedule = { firstDelayMs: 50, longestDelayMs: 2_000, tries: 1000 };

/** For init errors: a few tries within a short time, because the process is about to exit. */
export const INIT_ERROR_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 1_000, tries: 5 };

/** For starting threads, without a limit on tries. */
export const THREAD_SCHEDULE: RetrySchedule = { firstDelayMs: 100, longestDelayMs: 5_000, tries: Infinity };

/**
 * The delay after the given number of failures, in ms. It doubles with each failure and has a jitter of up to 25 %, so that
 * slots that failed together do not retry together. Undefined if there is no further try.
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
