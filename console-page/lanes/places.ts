import type { InvocationState, ThreadState } from '../../src/console/messages.ts';

/** A row of the picture: threads of which one took the other's place. */
export interface Lane {
  readonly threads: readonly ThreadState[];
  readonly bars: readonly PlacedBar[];
  /** Bars that lie beside each other in time need more than one. */
  readonly rows: number;
}

export interface PlacedBar {
  readonly invocation: InvocationState;
  readonly row: number;
}

/** The lane of the main thread, where there are no others. */
const MAIN_THREAD: ThreadState = { thread: 0, startedAt: 0, readyAt: 0 };

/** Places threads and bars. What has its place keeps it, whatever is forgotten later. */
export class Places {
  readonly #lanes = new Map<string, number>();
  #rows = new Map<string, number>();

  lanes(threads: Iterable<ThreadState>, invocations: Iterable<InvocationState>): Lane[] {
    const sorted = [...threads].toSorted((a, b) => a.startedAt - b.startedAt);
    if (sorted.length === 0) sorted.push(MAIN_THREAD);
    const lanes: ThreadState[][] = [];
    for (const thread of sorted) (lanes[this.#laneOf(thread, lanes)] ??= []).push(thread);
    const bars = this.#barsOf(sorted, invocations);
    return lanes.map((members) => {
      const placed = this.#placed(
        members.flatMap((thread) => bars.get(thread) ?? []),
        untilAnswered,
      );
      return { threads: members, bars: placed, rows: rowsOf(placed) };
    });
  }

  /** Those that have waited for a slot, or wait. */
  waiting(invocations: Iterable<InvocationState>): PlacedBar[] {
    const waiters = [...invocations].filter((each) => inQueue(each).end - each.calledAt > NOTICEABLE_MS);
    return this.#placed(waiters, inQueue, 'waiting ');
  }

  /** The lane of the thread whose place it takes; else a new one. */
  #laneOf(thread: ThreadState, lanes: readonly (readonly ThreadState[])[]): number {
    const key = `${thread.thread}@${thread.startedAt}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const free = lanes.findIndex((members) => {
      const endedAt = members?.at(-1)?.endedAt;
      return members === undefined || (endedAt !== undefined && endedAt <= thread.startedAt + AT_ONCE_MS);
    });
    const lane = free === -1 ? lanes.length : free;
    this.#lanes.set(key, lane);
    return lane;
  }

  #barsOf(
    threads: readonly ThreadState[],
    invocations: Iterable<InvocationState>,
  ): Map<ThreadState, InvocationState[]> {
    const bars = new Map<ThreadState, InvocationState[]>();
    for (const invocation of invocations) {
      const { thread, dispatchedAt } = invocation;
      if (dispatchedAt === undefined) continue;
      const on = threads.findLast((each) => each.thread === thread && each.startedAt <= dispatchedAt);
      if (on !== undefined) bars.set(on, [...(bars.get(on) ?? []), invocation]);
    }
    return bars;
  }

  #placed(
    invocations: readonly InvocationState[],
    span: (invocation: InvocationState) => Span,
    prefix = '',
  ): PlacedBar[] {
    const ends: number[] = [];
    const sorted = invocations.toSorted((a, b) => span(a).start - span(b).start);
    return sorted.map((invocation) => {
      const key = prefix + invocation.requestId;
      const { start, end } = span(invocation);
      const free = ends.findIndex((taken) => taken <= start);
      const row = this.#rows.get(key) ?? (free === -1 ? ends.length : free);
      this.#rows.set(key, row);
      ends[row] = Math.max(end, ends[row] ?? 0);
      for (let each = 0; each < row; each += 1) ends[each] ??= 0;
      return { invocation, row };
    });
  }

  /** Rows of what is no longer shown would be kept for ever. */
  forgetAllBut(invocations: ReadonlyMap<string, unknown>): void {
    if (this.#rows.size <= 4 * (invocations.size + 100)) return;
    const kept = [...this.#rows].filter(([key]) => invocations.has(key.replace('waiting ', '')));
    this.#rows = new Map(kept);
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** While it occupied its thread. */
export function onThread({ dispatchedAt = 0, endedAt = Infinity }: InvocationState): Span {
  return { start: dispatchedAt, end: endedAt };
}

/** The next one may come before it is told that this one has ended. */
function untilAnswered({ dispatchedAt = 0, answeredAt, endedAt = Infinity }: InvocationState): Span {
  return { start: dispatchedAt, end: Math.min(answeredAt ?? Infinity, endedAt) };
}

/** While it had no slot. */
export function inQueue({ calledAt, arrivedAt, endedAt }: InvocationState): Span {
  return { start: calledAt, end: arrivedAt ?? endedAt ?? Infinity };
}

/** A thread's end may be told a little after the start of the one that takes its place. */
const AT_ONCE_MS = 50;
/** Each has to be handed over; that is no wait. */
const NOTICEABLE_MS = 3;

function rowsOf(bars: readonly PlacedBar[]): number {
  return bars.reduce((most, { row }) => Math.max(most, row + 1), 1);
}
