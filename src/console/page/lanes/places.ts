import type { InvocationState, ShownThread } from '../../messages.ts';
import { threadKey } from '../state/store.ts';
import { freeRow, inQueue, onThread } from './spans.ts';
import type { Span } from './spans.ts';

/** A lane of the timeline: a thread and those that replaced it. */
export interface Lane {
  readonly threads: readonly ShownThread[];
  readonly bars: readonly PlacedBar[];
  /** The number of rows. Bars that overlap in time need more than one. */
  readonly rows: number;
}

export interface PlacedBar {
  readonly invocation: InvocationState;
  readonly row: number;
}

/** In single mode, the only lane is that of the main thread. */
const MAIN_THREAD: ShownThread = { thread: 0, startedAt: 0, readyAt: 0 };

/** Assigns threads to lanes and bars to rows. Assignments are stable when other threads and bars disappear. */
export class Places {
  /** The lanes of the threads at the previous call. */
  #lanes = new Map<string, number>();
  #rows = new Map<string, number>();

  lanes(threads: Iterable<ShownThread>, invocations: Iterable<InvocationState>): Lane[] {
    const sorted = [...threads].toSorted((a, b) => a.startedAt - b.startedAt);
    if (sorted.length === 0) sorted.push(MAIN_THREAD);
    const lanes: ShownThread[][] = [];
    const places = new Map<string, number>();
    for (const thread of sorted) {
      const lane = this.#laneOf(thread, lanes);
      places.set(threadKey(thread), lane);
      (lanes[lane] ??= []).push(thread);
    }
    this.#lanes = places;
    const bars = this.#barsOf(sorted, invocations);
    return lanes.map((members) => {
      const placed = this.#placed(
        members.flatMap((thread) => bars.get(thread) ?? []),
        onThread,
      );
      return { threads: members, bars: placed, rows: rowsOf(placed) };
    });
  }

  /** Invocations that wait or waited for a slot, and those that were never sent to a thread, which have no other bar. */
  waiting(invocations: Iterable<InvocationState>): PlacedBar[] {
    const waiters = [...invocations].filter(
      (each) => inQueue(each).end - each.calledAt > NOTICEABLE_MS || isOverUntaken(each),
    );
    return this.#placed(waiters, inQueue, 'waiting ');
  }

  /** Returns the lane of the thread that this thread replaces; otherwise a new lane. */
  #laneOf(thread: ShownThread, lanes: readonly (readonly ShownThread[])[]): number {
    const known = this.#lanes.get(threadKey(thread));
    if (known !== undefined) return known;
    const free = lanes.findIndex((members) => {
      const retiredAt = members?.at(-1)?.retiredAt;
      return members === undefined || (retiredAt !== undefined && retiredAt <= thread.startedAt + AT_ONCE_MS);
    });
    return free === -1 ? lanes.length : free;
  }

  #barsOf(
    threads: readonly ShownThread[],
    invocations: Iterable<InvocationState>,
  ): Map<ShownThread, InvocationState[]> {
    const bars = new Map<ShownThread, InvocationState[]>();
    for (const invocation of invocations) {
      const { thread, dispatchedAt } = invocation;
      if (dispatchedAt === undefined) continue;
      const on = threads.findLast((each) => each.thread === thread && each.startedAt <= dispatchedAt);
      if (on === undefined) continue;
      const others = bars.get(on);
      if (others === undefined) bars.set(on, [invocation]);
      else others.push(invocation);
    }
    return bars;
  }

  #placed(
    invocations: readonly InvocationState[],
    span: (invocation: InvocationState) => Span,
    prefix = '',
  ): PlacedBar[] {
    const last: Span[] = [];
    const sorted = invocations
      .map((invocation) => ({ invocation, own: span(invocation) }))
      .toSorted((a, b) => a.own.start - b.own.start);
    return sorted.map(({ invocation, own }) => {
      const key = prefix + invocation.requestId;
      const row = this.#rows.get(key) ?? freeRow(last, own.start);
      this.#rows.set(key, row);
      const before = last[row];
      // A later bar in the same row means that this bar has ended, although its end has not been reported yet.
      if (before === undefined || own.end >= before.end || before.answeredAt !== undefined) last[row] = own;
      return { invocation, row };
    });
  }

  /** Removes the rows of invocations that are no longer retained. */
  forgetAllBut(invocations: ReadonlyMap<string, unknown>): void {
    if (this.#rows.size <= 4 * (invocations.size + 100)) return;
    const kept = [...this.#rows].filter(([key]) => invocations.has(key.replace('waiting ', '')));
    this.#rows = new Map(kept);
  }
}

function isOverUntaken({ dispatchedAt, endedAt }: InvocationState): boolean {
  return dispatchedAt === undefined && endedAt !== undefined;
}

/** A thread's retirement may be reported shortly after the start of its replacement. */
const AT_ONCE_MS = 50;
/** Shorter times are the normal delivery of an event, not waiting. */
const NOTICEABLE_MS = 3;

function rowsOf(bars: readonly PlacedBar[]): number {
  return bars.reduce((most, { row }) => Math.max(most, row + 1), 1);
}
