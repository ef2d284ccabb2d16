import type { InvocationState } from '../../messages.ts';

/** A part of an invocation's life, as a bar shows it. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** When its answer was there, if no end has been told: news of that may be late. */
  readonly answeredAt?: number;
}

/** While it occupied its thread: streams and background work included. */
export function onThread({ dispatchedAt = 0, answeredAt, endedAt }: InvocationState): Span {
  const span = { start: dispatchedAt, end: endedAt ?? Infinity };
  return endedAt === undefined && answeredAt !== undefined ? { ...span, answeredAt } : span;
}

/** While it had no slot. */
export function inQueue({ calledAt, arrivedAt, endedAt }: InvocationState): Span {
  return { start: calledAt, end: arrivedAt ?? endedAt ?? Infinity };
}

/** The first row in which what comes at that instant overlaps nothing; else a new one. */
export function freeRow(last: readonly (Span | undefined)[], start: number): number {
  const free = last.findIndex((span) => {
    if (span === undefined || span.end <= start) return true;
    const { answeredAt = Infinity } = span;
    return answeredAt <= start && start < answeredAt + LATE_NEWS_MS;
  });
  return free === -1 ? last.length : free;
}

/** A thread is given the next one as soon as it is free, while the answer of the one before is still being taken. */
const LATE_NEWS_MS = 50;
