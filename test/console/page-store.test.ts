import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  InvocationState,
  LoggedText,
  ShownThread,
  Snapshot,
  StatsSample,
  Update,
} from '../../src/console/messages.ts';
import * as store from '../../src/console/page/state/store.ts';

/** The page's clock. */
const NOW = 1_700_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  store.takeAll(snapshot());
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a snapshot', () => {
  it('replaces all that the page had', () => {
    store.take(
      update({
        invocations: [invocation('old')],
        threads: [thread(1, 10)],
        lines: [line(7)],
        samples: [sample(9)],
        refusals: [8],
      }),
    );
    store.takeAll(snapshot({ invocations: [invocation('new')], threads: [thread(2, 20)], lines: [line(1)] }));
    expect([...store.invocations.value.keys()]).toEqual(['new']);
    expect([...store.threads.value.keys()]).toEqual(['2@20']);
    // A server that has started again counts its lines from 1.
    expect(store.lines.value).toEqual([line(1)]);
    expect(store.samples.value).toEqual([]);
    expect(store.refusals.value).toEqual([]);
  });

  it('describes the function, without the values that change later', () => {
    store.takeAll(snapshot({ functionName: 'resize', concurrency: 8, waiting: 3 }));
    expect(store.about.value).toEqual({
      functionName: 'resize',
      concurrency: 8,
      invocationsPerThread: 1,
      timeoutMs: 3_000,
      mostInvocations: 1_000,
      mostAtOnce: 100,
    });
    expect(store.waiting.value).toBe(3);
  });
});

describe('an update', () => {
  it('replaces the invocations and threads that it has, and keeps the others', () => {
    store.take(
      update({
        invocations: [invocation('a'), invocation('b')],
        threads: [thread(1, 10), thread(2, 20)],
      }),
    );
    const answered: InvocationState = { ...invocation('a'), outcome: 'response', endedAt: 30 };
    const retired: ShownThread = { ...thread(2, 20), retiredAt: 40 };
    store.take(update({ invocations: [answered], threads: [retired] }));
    expect([...store.invocations.value.values()]).toEqual([answered, invocation('b')]);
    expect([...store.threads.value.values()]).toEqual([thread(1, 10), retired]);
  });

  it('removes invocations that are no longer retained, but not a new one with the same request id', () => {
    store.take(update({ invocations: [invocation('gone'), invocation('again'), invocation('stays')] }));
    const again: InvocationState = { ...invocation('again'), order: 2 };
    store.take(update({ forgotten: ['gone', 'again'], invocations: [again] }));
    expect([...store.invocations.value.values()]).toEqual([invocation('stays'), again]);
  });

  it('without invocations, threads and lines keeps the same values of these', () => {
    store.take(update({ invocations: [invocation('a')], threads: [thread(1, 10)], lines: [line(1)] }));
    const before = [store.invocations.value, store.threads.value, store.lines.value];
    store.take(update({ inFlight: 1 }));
    expect([store.invocations.value, store.threads.value, store.lines.value]).toEqual(before);
    [store.invocations.value, store.threads.value, store.lines.value].forEach((value, index) =>
      expect(value).toBe(before[index]),
    );
  });

  it('sets the numbers of waiting, running and refused calls, and the progress of the burst', () => {
    const burst = { wanted: 10, done: 4, failed: 1 };
    store.take(update({ waiting: 2, inFlight: 3, refused: 5, burst }));
    expect(store.waiting.value).toBe(2);
    expect(store.inFlight.value).toBe(3);
    expect(store.refused.value).toBe(5);
    expect(store.burst.value).toEqual(burst);
  });

  it('that repeats lines, samples and refusals adds only the new ones', () => {
    store.take(update({ lines: [line(1), line(2)], samples: [sample(1), sample(2)], refusals: [1, 2] }));
    store.take(update({ lines: [line(2), line(3)], samples: [sample(2), sample(3)], refusals: [2, 3] }));
    expect(store.lines.value.map(({ order }) => order)).toEqual([1, 2, 3]);
    expect(store.samples.value.map(({ at }) => at)).toEqual([1, 2, 3]);
    expect(store.refusals.value).toEqual([1, 2, 3]);
  });
});

describe('the page keeps', () => {
  const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

  it('the latest 1,000 lines, 300 samples and 500 refusals', () => {
    store.take(update({ lines: many(999).map(line), samples: many(299).map(sample), refusals: many(499) }));
    store.take(
      update({
        lines: [1000, 1001].map(line),
        samples: [300, 301].map(sample),
        refusals: [500, 501],
      }),
    );
    const { lines, samples, refusals } = store;
    expect([lines.value.length, lines.value[0], lines.value.at(-1)]).toEqual([1000, line(2), line(1001)]);
    expect([samples.value.length, samples.value[0]]).toEqual([300, sample(2)]);
    expect([refusals.value.length, refusals.value[0]]).toEqual([500, 2]);
  });

  it('all live threads, and the last 64 that have ended', () => {
    const ended = many(65).map((number) => thread(number, number, 100));
    store.take(update({ threads: [thread(100, 0), ...ended] }));
    const numbers = [...store.threads.value.values()].map((each) => each.thread);
    expect(numbers).toEqual([100, ...many(65).slice(1)]);
  });

  it('two threads with the same number apart, because a restarted runtime counts from 1', () => {
    store.take(update({ threads: [{ ...thread(1, 10), endedAt: 20 }] }));
    store.take(update({ threads: [thread(1, 30)] }));
    expect([...store.threads.value.keys()]).toEqual(['1@10', '1@30']);
  });
});

describe("the server's clock", () => {
  const at = (aheadMs: number) => update({ now: NOW + aheadMs });

  it('is that of the snapshot, whichever of the two clocks is ahead', () => {
    for (const aheadMs of [5_000, -5_000]) {
      store.takeAll(snapshot({ now: NOW + aheadMs }));
      expect(store.serverNow()).toBe(NOW + aheadMs);
    }
    vi.setSystemTime(NOW + 100);
    expect(store.serverNow()).toBe(NOW - 4_900);
  });

  it('does not go back because a message is late', () => {
    store.takeAll(snapshot({ now: NOW + 50 }));
    store.take(at(-900));
    expect(store.serverNow()).toBe(NOW + 50);
  });

  it('follows the message that took the least time', () => {
    store.takeAll(snapshot({ now: NOW }));
    store.take(at(30));
    expect(store.serverNow()).toBe(NOW + 30);
  });

  it('follows when one of the two clocks is set', () => {
    store.takeAll(snapshot({ now: NOW }));
    store.take(at(-60_000));
    expect(store.serverNow()).toBe(NOW - 60_000);
  });
});

function update(changes: Partial<Update> = {}): Update {
  return {
    now: NOW,
    invocations: [],
    forgotten: [],
    threads: [],
    lines: [],
    samples: [],
    waiting: 0,
    inFlight: 0,
    refused: 0,
    refusals: [],
    burst: { wanted: 0, done: 0, failed: 0 },
    ...changes,
  };
}

function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    ...update(),
    functionName: 'function',
    concurrency: 2,
    invocationsPerThread: 1,
    timeoutMs: 3_000,
    mostInvocations: 1_000,
    mostAtOnce: 100,
    ...changes,
  };
}

function invocation(requestId: string): InvocationState {
  return { requestId, order: 1, outcome: 'open', calledAt: 1 };
}

function thread(number: number, startedAt: number, endedAt?: number): ShownThread {
  return { thread: number, startedAt, readyAt: startedAt, ...(endedAt !== undefined && { endedAt }) };
}

function line(order: number): LoggedText {
  return { order, at: order, text: `line ${order}` };
}

function sample(at: number): StatsSample {
  return { at, perSecond: 1, mainThread: 0, threads: {}, inFlight: 0 };
}
