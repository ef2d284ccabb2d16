import { describe, expect, it } from 'vitest';
import { createManagedRuntime } from '../../src/index.ts';
import type { ProfileOptions } from '../../src/index.ts';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import { canProfileHeaps } from '../../src/pool/heap-profile.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { responses, startLayout, startSingle, statuses } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { EARLY_DEADLINE, TWO_THREADS, statsOf, timed } from '../observing/observed-runtime.ts';
import {
  PROFILED,
  heapProfile,
  heapSnapshot,
  profileCpu,
  profileOf,
  refusal,
  stacksOf,
} from './profiled-runtime.ts';

const WITHOUT_SUPPORT = new URL('../fixtures/observing/no-thread-profiles.mjs', import.meta.url).href;

/** V8 may charge a loop that it optimized before the profile began to the caller of its function. */
const isIn = (stack: readonly string[], name: string) => stack.includes(name) || stack.includes('handler');

describe.runIf(canProfileThreads())('CPU profiles of threads', () => {
  it('find the handler that blocks its thread, and its invocation, while neighbours are served', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const { gate, result, thread } = await startComputing(runtime, 'spinning');
    const profiling = profileCpu(runtime, { seconds: 1 });
    const neighbours = [];
    for (let n = 0; n < 50; n += 1) neighbours.push(await runtime.result({ do: 'healthy', n }));
    const taken = await profiling;
    expect(statuses(neighbours)).toEqual(responses(50));
    expect(taken.missing).toEqual([]);
    expect(taken.profiles.map(({ name }) => name)).toEqual(['main', 'thread-1', 'thread-2']);

    const profile = profileOf(taken, thread);
    expect(profile.title).toBe(`thread-${thread}`);
    const stacks = stacksOf(profile);
    const computing = stacks.filter((stack) => isIn(stack, 'compute'));
    expect(computing.length).toBeGreaterThan(stacks.length * 0.9);
    const handler = profile.nodes.find(({ callFrame }) => callFrame.functionName === 'handler');
    expect(handler?.callFrame.url).toMatch(/faulty\.mjs$/);
    expect(profile.invocations).toEqual([
      { requestId: 'spinning', startTime: profile.startTime, endTime: profile.endTime },
    ]);
    expect(new Set(profile.sampleInvocations)).toEqual(new Set([0]));
    expect(profile.sampleInvocations).toHaveLength(profile.samples.length);

    await runtime.open(gate);
    expect(await result).toMatchObject({ status: 'response' });
    runtime.expectAnsweredOnce();
  });

  it('have times on one clock', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const { profiles } = await profileCpu(runtime, { seconds: 0.5 });
    const latestStart = Math.max(...profiles.map(({ profile }) => profile.startTime));
    const earliestEnd = Math.min(...profiles.map(({ profile }) => profile.endTime));
    expect(latestStart).toBeLessThan(earliestEnd);
    for (const { profile } of profiles) {
      const sampledUs = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0);
      expect(profile.startTime + sampledUs).toBeLessThanOrEqual(profile.endTime + 1_000);
    }
  });

  it('tell invocations of one thread apart', async () => {
    await using runtime = await startLayout({ perThread: 1, threads: 1 }, { env: PROFILED });
    await runtime.whenPolling(1);
    const { profiling } = await startProfiling(runtime, { seconds: 1.5, threads: [1] });
    const requestIds = ['first', 'second', 'third'];
    for (const requestId of requestIds) await runtime.invoke({ do: 'use the CPU', ms: 100 }, { requestId });
    const profile = profileOf(await profiling, 1);
    expect(profile.invocations.map(({ requestId }) => requestId)).toEqual(requestIds);
    const stacks = stacksOf(profile);
    for (const [index] of requestIds.entries()) {
      const own = stacks.filter((_, sample) => profile.sampleInvocations[sample] === index);
      expect(own.filter((stack) => stack.includes('use the CPU')).length).toBeGreaterThan(own.length / 2);
    }
    const outside = stacks.filter((_, sample) => profile.sampleInvocations[sample] === -1);
    expect(outside.filter((stack) => stack.includes('use the CPU'))).toEqual([]);
  });

  it('cannot tell invocations apart that share a thread', async () => {
    await using runtime = await startLayout({ perThread: 2, threads: 1 }, { env: PROFILED });
    await runtime.whenPolling(2);
    const neighbours = await runtime.neighbours(2);
    const profile = profileOf(await profileCpu(runtime, { seconds: 0.2 }), 1);
    expect(profile.invocations).toHaveLength(2);
    expect(new Set(profile.sampleInvocations)).toEqual(new Set([-1]));
    await neighbours.release();
  });

  it('are taken of chosen threads', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const { profiles, missing } = await profileCpu(runtime, { seconds: 0.1, threads: [2, 9] });
    expect(profiles.map(({ thread }) => thread)).toEqual([2]);
    expect(missing).toEqual([{ thread: 9, name: 'thread-9', reason: 'There is no such thread.' }]);
  });

  it('end early for a retired thread, and contain its work', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED, options: EARLY_DEADLINE });
    await runtime.expectFullCapacity();
    const { profiling } = await startProfiling(runtime, { seconds: 4 });
    await runtime.failure({ do: 'spin' }, { requestId: 'spinning', ...timed });
    const taken = await profiling;
    expect(taken.missing).toEqual([]);
    const spinning = taken.profiles.filter(({ profile }) => isIn(stacksOf(profile).flat(), 'spin'));
    expect(spinning).toHaveLength(1);
    expect(spinning[0]?.profile.invocations).toMatchObject([{ requestId: 'spinning' }]);
    // The thread that replaces it has started later.
    expect(taken.profiles).toHaveLength(3);
  });

  it('do not fail if a thread is terminated: only its own profile can be missing', async () => {
    const limits = { resourceLimits: { maxOldGenerationSizeMb: 64 } };
    await using runtime = await TWO_THREADS.start({ env: PROFILED, options: limits });
    await runtime.expectFullCapacity();
    const { profiling } = await startProfiling(runtime, { seconds: 4 });
    await runtime.failure({ do: 'small objects' }, { requestId: 'lost' });
    const { thread } = await runtime.logged({ requestId: 'lost', threadEnd: 'out-of-memory' });
    const { profiles, missing } = await profiling;
    const names = [...profiles, ...missing].map(({ name }) => name);
    expect(names.toSorted()).toEqual(['main', 'thread-1', 'thread-2']);
    for (const each of missing) {
      expect(each).toMatchObject({ thread, reason: 'The thread ended while it was profiled.' });
    }
  });

  it('are missing for a thread in a single call of native code', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const gate = runtime.newGate();
    const result = runtime.result({ do: 'block', gate }, { requestId: 'blocked' });
    await runtime.marks('arrived-blocked', 1);
    const { thread } = await busyThread(runtime);
    const { profiles, missing } = await profileCpu(runtime, { seconds: 0.2 });
    expect(missing).toMatchObject([{ thread, reason: expect.stringMatching(/native code/) }]);
    expect(profiles).toHaveLength(2);
    await runtime.open(gate);
    expect(await result).toMatchObject({ status: 'response' });
    // The profile that started too late has been stopped: another one can be taken.
    expect((await profileCpu(runtime, { seconds: 0.1 })).missing).toEqual([]);
  });

  it('end when the runtime stops, without delaying it', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const { profiling } = await startProfiling(runtime, { seconds: 60 });
    await runtime.stop();
    const { profiles, missing } = await profiling;
    expect([...profiles, ...missing]).toHaveLength(3);
    expect(profiles[0]).toMatchObject({ thread: 0, name: 'main' });
  });

  it('can overlap', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const both = await Promise.all([
      profileCpu(runtime, { seconds: 0.5 }),
      profileCpu(runtime, { seconds: 0.2 }),
    ]);
    for (const { profiles } of both) expect(profiles).toHaveLength(3);
  });
});

it('in single mode, the profile of the main thread has the handler and its invocation', async () => {
  await using runtime = await startSingle({ env: PROFILED });
  await runtime.whenPolling(1);
  const { profiling } = await startProfiling(runtime, { seconds: 1.5 });
  await runtime.invoke({ do: 'use the CPU', ms: 300 }, { requestId: 'computing' });
  const { profiles, missing } = await profiling;
  expect(missing).toEqual([]);
  expect(profiles.map(({ name }) => name)).toEqual(['main']);
  const profile = profileOf({ profiles }, 0);
  expect(profile.invocations).toMatchObject([{ requestId: 'computing' }]);
  const own = stacksOf(profile).filter((_, sample) => profile.sampleInvocations[sample] === 0);
  expect(own.filter((stack) => stack.includes('use the CPU')).length).toBeGreaterThan(own.length / 2);
});

describe('heap profiles', () => {
  it.runIf(canProfileHeaps())('name the function whose objects stay in memory', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const profiling = heapProfile(runtime, { seconds: 1.5, threads: [0, 1, 2] });
    for (let n = 0; n < 4; n += 1) await runtime.invoke({ do: 'keep', items: 200_000 });
    const { profiles, missing } = await profiling;
    expect(missing).toEqual([]);
    expect(profiles.map(({ name }) => name)).toEqual(['main', 'thread-1', 'thread-2']);
    expect(JSON.stringify(profiles)).toContain('"functionName":"keep"');
  });

  it('are taken of the main thread in single mode', async () => {
    await using runtime = await startSingle({ env: PROFILED });
    await runtime.whenPolling(1);
    const profiling = heapProfile(runtime, { seconds: 1.5 });
    for (let n = 0; n < 4; n += 1) await runtime.invoke({ do: 'keep', items: 200_000 });
    expect(JSON.stringify((await profiling).profiles)).toContain('"functionName":"keep"');
  });
});

describe('heap snapshots', () => {
  it('are taken of each thread, also of one that blocks its event loop', async () => {
    await using runtime = await TWO_THREADS.start({ env: PROFILED });
    await runtime.expectFullCapacity();
    const { gate, result, thread } = await startComputing(runtime, 'spinning');
    for (const each of [0, thread, 3 - thread])
      expect((await heapSnapshot(runtime, each)).node_count).toBeGreaterThan(1_000);
    await runtime.open(gate);
    expect(await result).toMatchObject({ status: 'response' });
  });

  it('are taken in single mode', async () => {
    await using runtime = await startSingle({ env: PROFILED });
    await runtime.whenPolling(1);
    expect((await heapSnapshot(runtime, 0)).node_count).toBeGreaterThan(1_000);
    expect(await refusal(runtime, 'heapSnapshot', { thread: 1 })).toMatchObject({
      code: 'PROFILING_UNAVAILABLE',
      message: 'There is no thread 1.',
    });
  });
});

describe('a profile is refused', () => {
  it.each([0, -1, 61, Number.NaN, '5'])('for %s seconds', async (seconds) => {
    await using runtime = await startSingle({ env: PROFILED });
    await runtime.whenPolling(1);
    const options = { seconds };
    expect(await refusal(runtime, 'profileCpu', { options })).toMatchObject({ name: 'RangeError' });
  });

  it('before run() and after its end', async () => {
    const runtime = createManagedRuntime('handler.js', { runtimeApi: '127.0.0.1:9001' });
    const unavailable = { code: 'PROFILING_UNAVAILABLE', message: 'The runtime is not running.' };
    await expect(runtime.profileCpu({ seconds: 1 })).rejects.toMatchObject(unavailable);
    await runtime.stop();
    await expect(runtime.heapProfile({ seconds: 1 })).rejects.toMatchObject(unavailable);
    await expect(runtime.heapSnapshot(0)).rejects.toMatchObject(unavailable);
  });

  it('if Node.js cannot profile worker threads, except for the main thread', async () => {
    const env = { ...PROFILED, NODE_OPTIONS: `--import ${WITHOUT_SUPPORT}` };
    await using runtime = await TWO_THREADS.start({ env });
    await runtime.expectFullCapacity();
    for (const method of ['profileCpu', 'heapProfile']) {
      expect(await refusal(runtime, method, { options: { seconds: 0.1 } })).toMatchObject({
        code: 'PROFILING_UNAVAILABLE',
        message: expect.stringMatching(/^Node\.js [\d.]+ cannot profile worker threads/),
      });
    }
    const { profiles } = await profileCpu(runtime, { seconds: 0.1, threads: [0] });
    expect(profiles.map(({ name }) => name)).toEqual(['main']);
  });
});

/** Resolves when the runtime has chosen its threads. A first profile loads the code for profiling. */
async function startProfiling(runtime: FaultRuntime, options: ProfileOptions) {
  await profileCpu(runtime, { seconds: 0.01, threads: [0] });
  const profiling = profileCpu(runtime, options);
  await statsOf(runtime);
  return { profiling };
}

/** Starts an invocation that computes until its gate is open. Resolves when a thread is busy with it. */
async function startComputing(runtime: FaultRuntime, requestId: string) {
  const gate = runtime.newGate();
  const result = runtime.result({ do: 'compute', gate, ms: 1 }, { requestId });
  const { thread } = await busyThread(runtime);
  return { gate, result, thread };
}

/** Resolves with the only thread that is busy. */
async function busyThread(runtime: FaultRuntime): Promise<{ thread: number }> {
  const busy = async () =>
    (await statsOf(runtime)).threads.each.filter(({ state, inFlight }) => state === 'busy' && inFlight === 1);
  await expect.poll(busy, POLL_OPTIONS).toHaveLength(1);
  const [only] = await busy();
  return only as { thread: number };
}
