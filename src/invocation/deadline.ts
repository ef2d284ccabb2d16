/** When `context.signal` aborts and when the runtime answers for a handler that has not settled. */

/** Options that move the two instants, in ms; undefined for their defaults. */
export interface DeadlineOptions {
  readonly deadlineMarginMs: number | undefined;
  readonly deadlineGraceMs: number | undefined;
}

/** @param nowMs when the invocation arrived, epoch ms. */
export function signalAtMs(
  deadlineMs: number,
  nowMs: number,
  { deadlineMarginMs }: Pick<DeadlineOptions, 'deadlineMarginMs'>,
): number {
  return deadlineMs - (deadlineMarginMs ?? share(deadlineMs - nowMs, SIGNAL_SHARE, LONGEST_MARGIN_MS));
}

/**
 * By default shortly before the deadline, so that the caller gets the runtime's error instead of Lambda's timeout. If the
 * signal aborts later than that (a very small margin), 500 ms after the signal, so after the deadline.
 *
 * @param nowMs when the invocation arrived, epoch ms.
 */
export function answerAtMs(deadlineMs: number, nowMs: number, options: DeadlineOptions): number {
  const signalMs = signalAtMs(deadlineMs, nowMs, options);
  if (options.deadlineGraceMs !== undefined) return signalMs + options.deadlineGraceMs;
  const answerMs = deadlineMs - share(deadlineMs - nowMs, ANSWER_SHARE, LONGEST_ANSWER_MS);
  return signalMs < answerMs ? answerMs : signalMs + GRACE_AFTER_DEADLINE_MS;
}

function share(availableMs: number, fraction: number, longestMs: number): number {
  return Math.min(Math.max(availableMs * fraction, 0), longestMs);
}

const SIGNAL_SHARE = 0.1;
const LONGEST_MARGIN_MS = 1_000;

/** The time in which the answer must reach Lambda. */
const ANSWER_SHARE = 0.01;
const LONGEST_ANSWER_MS = 50;

const GRACE_AFTER_DEADLINE_MS = 500;
