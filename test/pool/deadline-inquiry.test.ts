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

it('200 deadlines at once profile four threads, and then others may be profiled', async () => {
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

it('several invocations on one thread share an inquiry', async () => {
  const inquiries = new DeadlineInquiries(log);
  const started: (() => void)[] = [];
  const thread = new ComputingThread(started) as unknown as PoolThread;
  const first = inquiries.begin(thread, Date.now() + 60_000);
  expect(inquiries.begin(thread, Date.now() + 60_000)).toBe(first);
  await expect.poll(() => first.activity?.kind).toBe('blocked');
  expect(started).toHaveLength(Math.min(1, MOST));
});

function reasonOf(activity: ReturnType<DeadlineInquiries['begin']>['activity']): string {
  return activity?.kind === 'blocked' ? activity.noProfile : 'unknown';
}
