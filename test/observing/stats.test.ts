import { describe, expect, it } from 'vitest';
import { createManagedRuntime } from '../../src/index.ts';
import type { RuntimeStats } from '../../src/index.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { ADDRESS } from '../helpers/start-local.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import {
  EARLY_DEADLINE,
  EITHER_MODE,
  MODES,
  TWO_THREADS,
  lastStatsOf,
  statsOf,
  timed,
} from './observed-runtime.ts';

const NOTHING_ANSWERED = { response: 0, error: 0, deadline: 0, crash: 0, shutdown: 0 };
const NOTHING_REPLACED = {
  exit: 0,
  uncaughtError: 0,
  deadline: 0,
  outOfMemory: 0,
  recycled: 0,
  startFailed: 0,
};

describe.each(MODES)('in $mode', ({ slots, start }) => {
  it('counts events, and answers by outcome, and measures durations', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    await runtime.invoke({ do: 'healthy' });
    await runtime.invoke({ do: 'healthy' });
    await runtime.failure({ do: 'fail' });
    const stats = await settled(runtime, { received: 3, inFlight: 0, slots: { polling: slots } });
    expect(stats).toMatchObject({
      state: 'running',
      slots: { total: slots, waiting: 0, polling: slots, busy: 0, stopped: 0 },
      answered: { ...NOTHING_ANSWERED, response: 2, error: 1 },
      undelivered: { replaced: 0, late: 0, aborted: 0, failed: 0 },
      missedDeadlines: 0,
      runtimeApi: { pollRetries: 0, answerRetries: 0, malformedEvents: 0 },
      durationMs: { count: 3 },
      dispatchMs: { count: 3 },
    });
    expect(stats.durationMs.p50).toBeGreaterThan(0);
    expect(stats.durationMs.max).toBeGreaterThanOrEqual(stats.durationMs.p50);
    expect(stats.slots.busyMs).toBeLessThanOrEqual(stats.uptimeMs * slots);
    expect(stats.processCpuMs).toBeGreaterThan(0);
  });

  it('shows the invocations in flight and the busy slots', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    const neighbours = await runtime.neighbours(1);
    const stats = await statsOf(runtime);
    expect(stats).toMatchObject({ inFlight: 1, received: 1, slots: { busy: 1, polling: slots - 1 } });
    expect(stats.slots.busyMs).toBeGreaterThan(0);
    await neighbours.release();
  });

  it('counts background work as in flight after its answer has been counted', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    const gate = runtime.newGate();
    await runtime.invoke({ do: 'background wait', gate });
    await settled(runtime, { inFlight: 1, answered: { response: 1 }, slots: { busy: 1 } });
    await runtime.open(gate);
    await settled(runtime, { inFlight: 0, answered: { response: 1 }, slots: { busy: 0 } });
  });

  it('counts a missed deadline', async () => {
    await using runtime = await start({ options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    await runtime.whenPolling(slots);
    await runtime.failure({ do: 'never settle' }, timed);
    await settled(runtime, {
      missedDeadlines: 1,
      answered: { ...NOTHING_ANSWERED, deadline: 1 },
      inFlight: 0,
      slots: { busy: 1 },
    });
  });

  it('counts the invocations that a shutdown ends in the last metrics', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    const last = lastStatsOf(runtime);
    await runtime.neighbours(1);
    await runtime.stop();
    expect(await last).toMatchObject({
      state: 'stopped',
      inFlight: 0,
      received: 1,
      answered: { ...NOTHING_ANSWERED, shutdown: 1 },
    });
  });
});

it('counts in local mode as well', async () => {
  await using runtime = await TWO_THREADS.start({ address: '', env: { LOCAL_LAMBDA_PORT: '0' } });
  const [, url] = await runtime.unlessExited(runtime.output.whenWritten(ADDRESS, 'stderr'));
  const response = await fetch(`${url}/invoke`, { method: 'POST', body: '{"do":"healthy"}' });
  expect(response.status).toBe(200);
  await settled(runtime, { received: 1, inFlight: 0, answered: { ...NOTHING_ANSWERED, response: 1 } });
});

describe.each(EITHER_MODE)('on the main thread, in $mode', ({ slots, start }) => {
  it('counts retries and malformed events', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    runtime.api.faults.once('response', { type: 'status', status: 500 });
    runtime.api.faults.once('error', { type: 'status', status: 500 });
    runtime.api.faults.once('error', { type: 'status', status: 500 });
    await runtime.invoke({ do: 'healthy' });
    await runtime.failure({ do: 'fail' });
    // Fails the poll that follows an answer.
    runtime.api.faults.once('next', { type: 'status', status: 500 });
    await runtime.invoke({ do: 'healthy' });
    await runtime.whenPolling(slots);
    const headers = { 'Lambda-Runtime-Deadline-Ms': 'soon' };
    await runtime.failure({ do: 'healthy' }, { headers });
    const stats = await settled(runtime, { runtimeApi: { malformedEvents: 1 } });
    expect(stats.runtimeApi).toEqual({ pollRetries: 1, answerRetries: 3, malformedEvents: 1 });
    expect(stats.received).toBe(3);
  });

  it('counts answers that were replaced, late, aborted or failed', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    await runtime.failure({ do: 'large', bytes: 7_000_000 });
    await settled(runtime, { undelivered: { replaced: 1 } });
    const gate = runtime.newGate();
    void runtime.api.invoke(JSON.stringify({ do: 'wait', gate }), {
      requestId: 'aborted',
      whenCapacity: true,
    });
    await runtime.marks('arrived-aborted', 1);
    runtime.api.abortInvocations();
    await runtime.open(gate);
    await settled(runtime, { undelivered: { aborted: 1 } });
    await runtime.whenPolling(slots);
    runtime.api.faults.once('response', { type: 'status', status: 410 });
    void runtime.api.invoke(JSON.stringify({ do: 'healthy' }), { timeoutMs: 2000 });
    runtime.api.faults.once('error', { type: 'status', status: 403 });
    void runtime.api.invoke(JSON.stringify({ do: 'fail' }), { timeoutMs: 2000, whenCapacity: true });
    await settled(runtime, {
      undelivered: { replaced: 1, late: 1, aborted: 1, failed: 1 },
      answered: { ...NOTHING_ANSWERED, response: 3, error: 1 },
    });
  });

  it('measures the event loop of the main thread', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    const sampled = async () => (await statsOf(runtime)).mainThread.eventLoopDelayMs.count;
    await expect.poll(sampled, POLL_OPTIONS).toBeGreaterThan(3);
    const { mainThread } = await statsOf(runtime);
    expect(mainThread.utilization).toBeGreaterThan(0);
    expect(mainThread.utilization).toBeLessThanOrEqual(1);
    expect(mainThread.cpuMs).toBeGreaterThan(0);
  });
});

describe('threads', () => {
  it('are listed one by one, with their event loops and CPU time', async () => {
    await using runtime = await TWO_THREADS.start();
    await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(1);
    const { threads } = await settled(runtime, { threads: { starting: 0 } });
    expect(threads).toMatchObject({ idle: 1, busy: 1, retiring: 0, replaced: NOTHING_REPLACED });
    const [busy, idle] = threads.each.toSorted((one, other) => other.inFlight - one.inFlight);
    expect(busy).toMatchObject({ state: 'busy', inFlight: 1 });
    expect(idle).toMatchObject({ state: 'idle', inFlight: 0, received: 1 });
    expect(threads.each.map(({ received }) => received).toSorted()).toEqual([1, 2]);
    for (const thread of threads.each) {
      expect(thread.activeMs).toBeGreaterThan(0);
      expect(thread.cpuMs).toBeGreaterThan(0);
    }
    await neighbours.release();
  });

  it('that spin report the delay of their event loop and their CPU time', async () => {
    await using runtime = await TWO_THREADS.start({ options: { onDeadline: 'keep' } });
    await runtime.expectFullCapacity();
    // Delays before the first sample are not measured.
    const sampled = async () => {
      const { threads } = await statsOf(runtime);
      return Math.min(...threads.each.map(({ eventLoopDelayMs }) => eventLoopDelayMs.count));
    };
    await expect.poll(sampled, POLL_OPTIONS).toBeGreaterThan(1);
    const before = await statsOf(runtime);
    await runtime.result({ do: 'small spin', ms: 500 });
    const late = async () => {
      const { threads } = await statsOf(runtime);
      return Math.max(...threads.each.map(({ eventLoopDelayMs }) => eventLoopDelayMs.max));
    };
    await expect.poll(late, POLL_OPTIONS).toBeGreaterThan(300);
    const after = await statsOf(runtime);
    // The thread may have had only a small share of the machine.
    expect(cpuOf(after)).toBeGreaterThan(cpuOf(before));
  });

  it.each([
    ['exits', { do: 'exit', code: 1 }, { exit: 1 }],
    ['throws where nobody catches it', { do: 'throw in a timer' }, { uncaughtError: 1 }],
    ['rejects where nobody catches it', { do: 'rejection' }, { uncaughtError: 1 }],
  ])('are counted as replaced when a handler %s', async (_how, event, replaced) => {
    await using runtime = await TWO_THREADS.start();
    await runtime.whenPolling(2);
    await runtime.failure(event);
    await settled(runtime, {
      answered: { ...NOTHING_ANSWERED, crash: 1 },
      threads: { replaced: { ...NOTHING_REPLACED, ...replaced }, idle: 2 },
      inFlight: 0,
      dispatchMs: { count: 0 },
    });
  });

  it('are counted as replaced when their invocation missed its deadline', async () => {
    await using runtime = await TWO_THREADS.start({ options: EARLY_DEADLINE });
    await runtime.whenPolling(2);
    await runtime.failure({ do: 'spin' }, timed);
    await settled(runtime, {
      missedDeadlines: 1,
      answered: { ...NOTHING_ANSWERED, deadline: 1 },
      threads: { replaced: { ...NOTHING_REPLACED, deadline: 1 }, idle: 2 },
    });
  });

  it('are counted as replaced when their heap ran full', async () => {
    const options = { resourceLimits: { maxOldGenerationSizeMb: 64 } };
    await using runtime = await TWO_THREADS.start({ options });
    await runtime.whenPolling(2);
    await runtime.failure({ do: 'small objects' });
    await settled(runtime, {
      answered: { ...NOTHING_ANSWERED, crash: 1 },
      threads: { replaced: { ...NOTHING_REPLACED, outOfMemory: 1 }, idle: 2 },
    });
  });

  it('are counted as replaced when they reach maxInvocationsPerThread', async () => {
    await using runtime = await TWO_THREADS.start({ options: { maxInvocationsPerThread: 1 } });
    await runtime.whenPolling(2);
    await runtime.invoke({ do: 'healthy' });
    await settled(runtime, { threads: { replaced: { ...NOTHING_REPLACED, recycled: 1 }, idle: 2 } });
  });

  it('pass their histogram on to later threads, so that ended threads hold no memory', async () => {
    const preload = new URL('../fixtures/observing/count-histograms.mjs', import.meta.url).href;
    await using runtime = await TWO_THREADS.start({ env: { NODE_OPTIONS: `--import ${preload}` } });
    await runtime.whenPolling(2);
    const made = await runtime.made('histogram-');
    expect(made.length).toBeGreaterThan(0);
    const deaths = 12;
    for (let n = 0; n < deaths; n += 1) {
      await runtime.failure({ do: 'exit', code: 1 });
      await runtime.whenPolling(2);
    }
    // A histogram cannot be reused while its thread is still ending.
    expect((await runtime.made('histogram-')).length - made.length).toBeLessThan(deaths / 2);
    expect((await statsOf(runtime)).threads.replaced.exit).toBe(deaths);
  });
});

it('before run() all metrics are 0', () => {
  const options = { runtimeApi: '127.0.0.1:9001', concurrency: 3 };
  const stats = createManagedRuntime('handler.js', options).stats();
  expect(stats).toMatchObject({
    state: 'idle',
    uptimeMs: 0,
    slots: { total: 3, waiting: 3, busyMs: 0 },
    threads: { starting: 0, idle: 0, busy: 0, each: [] },
    received: 0,
    answered: NOTHING_ANSWERED,
    durationMs: { count: 0, mean: 0, max: 0 },
  });
  expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
});

/** Resolves with the first metrics that match. */
async function settled(runtime: FaultRuntime, expected: object): Promise<RuntimeStats> {
  await expect.poll(() => statsOf(runtime), POLL_OPTIONS).toMatchObject(expected);
  return statsOf(runtime);
}

function cpuOf({ threads }: RuntimeStats): number {
  return threads.each.reduce((sum, { cpuMs }) => sum + (cpuMs ?? 0), 0);
}
