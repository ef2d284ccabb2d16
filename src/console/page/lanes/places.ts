import type { InvocationState, ShownThread } from '../../messages.ts';
import { threadKey } from '../state/store.ts';
import { freeRow, inQueue, onThread } from './spans.ts';
import type { Span } from './spans.ts';

/** A lane of the timeline: a thread and those that replaced it. */
export interface Lane {
  readonly threads: readonly ShownThread[];
  readonly bars: readonly PlacedBar[];
  /** The number of rows: of the bars that overlap in time. */
  readonly rows: number;
}

export interface PlacedBar {
  readonly invocation: InvocationState;
  readonly row: number;
  /** The number of rows where this bar is. A bar without another one at the same time has the whole lane. */
  readonly rows: number;
  readonly span: Span;
}

/** In single mode, the only lane is that of the main thread. */
const MAIN_THREAD: ShownThread = { thread: 0, startedAt: 0, readyAt: 0 };

/** Assigns threads to lanes and bars to rows. Assignments are stable when other threads and bars disappear. */
export class Places {
  /** The lanes of the threads at the previous call. */
  #lanes = new Map<string, number>();
  #rows = new Map<string, number>();

  /** @param perThread how many invocations a thread can hold at the same time. */
  lanes(
    threads: Iterable<ShownThread>,
    invocations: Iterable<InvocationState>,
    perThread = Infinity,
  ): Lane[] {
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
        members.flatMap((thread) => {
          const spans = spansOf(bars.get(thread) ?? [], onThread);
          return perThread === 1 ? oneAfterTheOther(spans) : spans;
        }),
      );
      return { threads: members, bars: placed, rows: rowsOf(placed) };
    });
  }

  /** Invocations that wait or waited for a slot, and those that were never sent to a thread, which have no other bar. */
  waiting(invocations: Iterable<InvocationState>): PlacedBar[] {
    const waiters = [...invocations].filter(
      (each) => inQueue(each).end - each.calledAt > NOTICEABLE_MS || isOverUntaken(each),
    );
    return this.#placed(spansOf(waiters, inQueue), 'waiting ');
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

  #placed(spans: readonly SpannedInvocation[], prefix = ''): PlacedBar[] {
    const last: Span[] = [];
    const sorted = spans.toSorted((a, b) => a.span.start - b.span.start);
    const placed = sorted.map(({ invocation, span }) => {
      const key = prefix + invocation.requestId;
      const row = this.#rows.get(key) ?? freeRow(last, span.start);
      this.#rows.set(key, row);
      const before = last[row];
      // A later bar in the same row means that this bar has ended, although its end has not been reported yet.
      if (before === undefined || span.end >= before.end || before.answeredAt !== undefined) last[row] = span;
      return { invocation, row, span };
    });
    return withRows(placed);
  }

  /** Removes the rows of invocations that are no longer retained. */
  forgetAllBut(invocations: ReadonlyMap<string, unknown>): void {
    if (this.#rows.size <= 4 * (invocations.size + 100)) return;
    const kept = [...this.#rows].filter(([key]) => invocations.has(key.replace('waiting ', '')));
    this.#rows = new Map(kept);
  }
}

interface SpannedInvocation {
  readonly invocation: InvocationState;
  readonly span: Span;
}

function spansOf(
  invocations: readonly InvocationState[],
  span: (invocation: InvocationState) => Span,
): SpannedInvocation[] {
  return invocations.map((invocation) => ({ invocation, span: span(invocation) }));
}

/** Ends each bar when the next one begins, because the end of an invocation can be reported late. */
function oneAfterTheOther(spans: readonly SpannedInvocation[]): SpannedInvocation[] {
  const sorted = spans.toSorted((a, b) => a.span.start - b.span.start);
  return sorted.map(({ invocation, span }, index) => {
    const next = sorted[index + 1]?.span.start ?? Infinity;
    return { invocation, span: span.end <= next ? span : { start: span.start, end: next } };
  });
}

/** Adds the number of rows of the bars that overlap, directly or through others. */
function withRows(bars: readonly Omit<PlacedBar, 'rows'>[]): PlacedBar[] {
  const groups: { bars: Omit<PlacedBar, 'rows'>[]; end: number }[] = [];
  for (const bar of bars) {
    const group = groups.at(-1);
    const { start, end, answeredAt } = bar.span;
    const until = end === Infinity && answeredAt !== undefined ? Math.max(start, answeredAt) : end;
    if (group === undefined || (group.end <= start && bar.row === 0))
      groups.push({ bars: [bar], end: until });
    else {
      group.bars.push(bar);
      group.end = Math.max(group.end, until);
    }
  }
  return groups.flatMap(({ bars: group }) => {
    const rows = group.reduce((most, { row }) => Math.max(most, row + 1), 1);
    return group.map((bar) => ({ ...bar, rows }));
  });
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
