import type { InvocationState } from '../../messages.ts';

/** The interval that a bar shows. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** The time of the answer if the end has not been reported yet. Reports may be late. */
  readonly answeredAt?: number;
}

/** The interval in which the invocation occupied its thread, including streaming and background work. */
export function onThread({ dispatchedAt = 0, answeredAt, endedAt }: InvocationState): Span {
  const span = { start: dispatchedAt, end: endedAt ?? Infinity };
  return endedAt === undefined && answeredAt !== undefined ? { ...span, answeredAt } : span;
}

/** The interval in which the invocation had no slot. */
export function inQueue({ calledAt, arrivedAt, endedAt }: InvocationState): Span {
  return { start: calledAt, end: arrivedAt ?? endedAt ?? Infinity };
}

/** Returns the first row that is free at an instant; otherwise a new row. */
export function freeRow(last: readonly (Span | undefined)[], start: number): number {
  const free = last.findIndex((span) => {
    if (span === undefined || span.end <= start) return true;
    const { answeredAt = Infinity } = span;
    return answeredAt <= start && start < answeredAt + LATE_NEWS_MS;
  });
  return free === -1 ? last.length : free;
}

/** A thread gets its next invocation while the previous answer is still being posted, so bars may overlap slightly. */
const LATE_NEWS_MS = 50;
