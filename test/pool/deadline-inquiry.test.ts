/** How many threads are profiled at once. Threads that never reply stand for threads that compute. */
import { expect, it } from 'vitest';
import type { Log } from '../../src/logging/log.ts';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import { DeadlineInquiries } from '../../src/pool/deadline-inquiry.ts';
import type { PoolThread } from '../../src/pool/pool-thread.ts';

const log = { warn: () => undefined } as unknown as Log;
const MOST = canProfileThreads() ? 4 : 0;

class ComputingThread {
  readonly eventLoop = { activeResources: () => new Promise(() => undefined) };
  readonly profiler: { startCpuProfile(): Promise<undefined> };

  constructor(started: (() => void)[]) {
    this.profiler = {
      startCpuProfile: () => new Promise((resolve) => started.push(() => resolve(undefined))),
    };
  }
}

it('200 simultaneous deadlines profile four threads, and others once those are done', async () => {
  const inquiries = new DeadlineInquiries(log);
  const started: (() => void)[] = [];
  const begin = () =>
    inquiries.begin(new ComputingThread(started) as unknown as PoolThread, Date.now() + 60_000);
  const all = Array.from({ length: 200 }, begin);
  const counts = () =>
    Object.fromEntries(
      Map.groupBy(all, ({ activity }) => reasonOf(activity))
        .entries()
        .map(([reason, { length }]) => [reason, length]),
    );
  const rest = canProfileThreads() ? { pending: MOST, limit: 200 - MOST } : { unsupported: 200 };
  await expect.poll(counts).toEqual(rest);
  expect(started).toHaveLength(MOST);
  for (const end of started.splice(0)) end();
  begin();
  await expect.poll(() => started.length).toBe(Math.min(1, MOST));
});

it('an inquiry whose answer is already due does not cause a timer warning of Node.js', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  try {
    const started: (() => void)[] = [];
    const thread = new ComputingThread(started) as unknown as PoolThread;
    const inquiry = new DeadlineInquiries(log).begin(thread, Date.now() - 1_000);
    await expect.poll(() => inquiry.activity?.kind).toBe('blocked');
    // Node.js emits warnings in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', onWarning);
  }
});

it('a blocked thread that replies after the answer is still reported as blocked', async () => {
  const pong = Promise.withResolvers<readonly string[]>();
  const thread = {
    eventLoop: { activeResources: () => pong.promise },
    profiler: { startCpuProfile: async () => undefined },
  };
  const inquiry = new DeadlineInquiries(log).begin(thread as unknown as PoolThread, Date.now());
  await expect.poll(() => inquiry.activity?.kind).toBe('blocked');
  pong.resolve(['Timeout']);
  expect((await inquiry.completed)?.kind).toBe('blocked');
});

it('several invocations on one thread share an inquiry', async () => {
  const inquiries = new DeadlineInquiries(log);
  const started: (() => void)[] = [];
  const thread = new ComputingThread(started) as unknown as PoolThread;
  const first = inquiries.begin(thread, Date.now() + 60_000);
  expect(inquiries.begin(thread, Date.now() + 60_000)).toBe(first);
  await expect.poll(() => first.activity?.kind).toBe('blocked');
  expect(started).toHaveLength(Math.min(1, MOST));
});

it.runIf(canProfileThreads()).each([
  { first: 12, second: 30, shown: 'second' },
  { first: 12, second: 5, shown: 'first' },
  { first: 30, second: 40, shown: 'first' },
])('of two profiles with $first and $second samples, the $shown one is reported', async (samples) => {
  const inquiries = new DeadlineInquiries(log);
  const profiles = [profileOf('first', samples.first), profileOf('second', samples.second)];
  const thread = {
    eventLoop: { activeResources: () => new Promise(() => undefined) },
    profiler: {
      startCpuProfile: async () => ({ stop: async () => profiles.shift() }),
    },
  };
  const { completed } = inquiries.begin(thread as unknown as PoolThread, Date.now());
  await expect(completed).resolves.toMatchObject({ stack: [{ functionName: samples.shown }] });
});

/** Each sample of a profile takes a millisecond. */
function profileOf(functionName: string, samples: number): string {
  const node = (id: number, name: string, children: readonly number[]) => ({
    id,
    callFrame: { functionName: name, url: 'file:///task/index.mjs', lineNumber: 0, columnNumber: 0 },
    children,
  });
  return JSON.stringify({
    nodes: [node(1, '(root)', [2]), node(2, functionName, [])],
    samples: Array.from({ length: samples }, () => 2),
    timeDeltas: Array.from({ length: samples }, () => 1_000),
  });
}

function reasonOf(activity: ReturnType<DeadlineInquiries['begin']>['activity']): string {
  return activity?.kind === 'blocked' ? activity.noProfile : 'unknown';
}
