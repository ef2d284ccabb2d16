import { expect, it } from 'vitest';
import { monotonicMs } from '../../src/invocation/time.ts';
import type { ProfiledInvocation, ProfiledThread, ThreadWatcher } from '../../src/pool/profiled-thread.ts';
import { InvocationTimeline } from '../../src/profiling/invocation-timeline.ts';

const WRAP_US = 2 ** 32;

function threadWith(...invocations: ProfiledInvocation[]): ProfiledThread {
  return { invocations, watchers: new Set<ThreadWatcher>() } as unknown as ProfiledThread;
}

function invocation(requestId: string): ProfiledInvocation & { settle(): Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { requestId, settled: promise, settle: async () => resolve() };
}

/** A profile of one sample each ms that ends at `endUs`, with its times cut to 32 bits. */
function profileOf(samples: number, endUs: number) {
  const cut = (us: number) => Math.round(us) % WRAP_US;
  return {
    nodes: [],
    startTime: cut(endUs - samples * 1_000),
    endTime: cut(endUs),
    samples: Array.from({ length: samples }, () => 1),
    timeDeltas: Array.from({ length: samples }, () => 1_000),
  };
}

it('times that are cut to 32 bits are restored, also if they wrap while the profile is taken', () => {
  const timeline = new InvocationTimeline(threadWith());
  for (const endMs of [monotonicMs(), (5 * WRAP_US + 300_000) / 1_000]) {
    const { startTime, endTime } = timeline.annotate(profileOf(1_000, endMs * 1_000), 'main', endMs + 5);
    expect(endTime).toBe(Math.round(endMs * 1_000));
    expect(startTime).toBe(endTime - 1_000_000);
  }
});

it('a clock that differs is replaced by the time at which the profile was received', () => {
  const timeline = new InvocationTimeline(threadWith());
  const profile = profileOf(1_000, WRAP_US / 2);
  const { startTime, endTime } = timeline.annotate(profile, 'main', 7_000);
  expect([startTime, endTime]).toEqual([6_000_000, 7_000_000]);
});

it('a sample belongs to the invocation that was alone on the thread', async () => {
  const before = invocation('before');
  const startMs = monotonicMs();
  const thread = threadWith(before);
  const timeline = new InvocationTimeline(thread);
  const later = invocation('later');
  spin();
  for (const { onRun } of thread.watchers) onRun?.(later);
  spin();
  await before.settle();
  spin();
  await later.settle();
  timeline.stop();
  expect(thread.watchers.size).toBe(0);
  // The profile begins a second before the first invocation was seen, and ends a second after both have left.
  const endMs = monotonicMs() + 1_000;
  const profile = profileOf(Math.round(endMs - startMs) + 1_000, endMs * 1_000);
  const { invocations, sampleInvocations } = timeline.annotate(profile, 'main', endMs);
  expect(invocations.map(({ requestId }) => requestId)).toEqual(['before', 'later']);
  // None, the first alone, both, the second alone, none.
  const changes = sampleInvocations.filter((index, n) => index !== sampleInvocations[n - 1]);
  expect(changes).toEqual([-1, 0, -1, 1, -1]);
});

/** Lets 5 ms pass, in which samples are taken. */
function spin(): void {
  const endMs = monotonicMs() + 5;
  while (monotonicMs() < endMs);
}
