import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { PATIENTLY, startBootstrap, startRuntime } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

describe('slots', () => {
  it.each([
    [1, 1],
    [2, 2],
    [8, 8],
    // As many threads would be 200 times the same again.
    [200, 25],
  ])('%d on %d threads start, serve and stop', async (concurrency, threads) => {
    const env = { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads) };
    await using runtime = await startRuntime({ handler: 'echo.handler', concurrency, env });
    await runtime.whenParked(concurrency);
    const numbers = Array.from({ length: concurrency }, (_, number) => number);
    // None waits for capacity: all the slots are there.
    const answers = await Promise.all(
      numbers.map((number) => runtime.invoke<[string, number]>(number, { whenCapacity: false })),
    );
    expect(answers.map(([, number]) => number)).toEqual(numbers);
    await runtime.whenParked(concurrency);
    expect(runtime.api.parked).toBe(concurrency);
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
    expect(runtime.output.stderr).toBe('');
  });

  it('64 start, serve and stop; the first polls and serves before the eighth thread is up', async () => {
    await using gate = await makeTaskRoot();
    await using runtime = await startRuntime({
      handler: 'gated-load.handler',
      concurrency: 64,
      env: { GATE_DIRECTORY: gate.path },
    });
    const loaded = async () => (await readdir(gate.path)).filter((name) => name.startsWith('loaded-')).length;
    await runtime.whenParked(1);
    expect(await loaded()).toBeLessThan(8);
    expect(await runtime.invoke({}, { whenCapacity: false })).toEqual(expect.any(Number));
    expect(await loaded()).toBeLessThan(8);
    expect(runtime.api.parked).toBeLessThan(8);
    await writeFile(`${gate.path}/open`, '');
    await runtime.whenParked(64);
    expect(await loaded()).toBe(64);
    const results = Array.from({ length: 64 }, () => runtime.invoke({}, { whenCapacity: false }));
    expect(await Promise.all(results)).toEqual(Array(64).fill(expect.any(Number)));
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('threads', () => {
  it('run as many CPU-bound invocations at once as there are slots', async () => {
    await using directory = await makeTaskRoot();
    await using runtime = await startRuntime({
      handler: 'meeting.computing',
      concurrency: 4,
      env: { MEETING_DIRECTORY: directory.path },
    });
    expect(new Set(await meet(runtime, 'first', 4)).size).toBe(4);
    expect(new Set(await meet(runtime, 'second', 4)).size).toBe(4);
  });

  it('take invocationsPerThread invocations each, and no more are advertised', async () => {
    await using directory = await makeTaskRoot();
    const options = { concurrency: 16, threads: 2, invocationsPerThread: 3, handler: 'waiting' };
    await using runtime = await startBootstrap('meeting.mjs', options, {
      env: { MEETING_DIRECTORY: directory.path },
    });
    expect(await runtime.whenLogged(/^The runtime is ready$/)).toMatchObject({
      level: 'INFO',
      mode: 'threads',
      concurrency: 16,
      slots: 6,
      threads: 2,
      invocationsPerThread: 3,
      cpus: expect.any(Number),
    });
    // The meeting is of seven: with six on two threads, no seventh finds a poll.
    const six = Array.from({ length: 6 }, () => runtime.invoke<number>({ meeting: 'a', of: 7 }));
    await arrivals(directory.path, 'a', 6);
    expect(runtime.api.parked).toBe(0);
    expect(await runtime.api.invoke('{}')).toMatchObject({ status: 'unavailable' });
    await writeFile(`${directory.path}/a~the-seventh`, '');
    expect(share(await Promise.all(six))).toEqual([3, 3]);
  });

  it('are AWS_LAMBDA_NODEJS_WORKER_COUNT many and share the concurrency', async () => {
    await using directory = await makeTaskRoot();
    await using runtime = await startRuntime({
      handler: 'meeting.waiting',
      concurrency: 5,
      env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '2', MEETING_DIRECTORY: directory.path },
    });
    const ready = await runtime.whenLogged(/^The runtime is ready$/);
    expect(ready).toMatchObject({ concurrency: 5, slots: 5, threads: 2, invocationsPerThread: 3 });
    await runtime.whenParked(5);
    expect(share(await meet(runtime, 'a', 5))).toEqual([2, 3]);
  });
});

describe('with a handler module of 100 MiB and little memory', () => {
  it.each([
    ['heavy-buffers.handler', 'outside the heap'],
    ['heavy-heap.handler', 'on the heap'],
  ])('%s (%s): fewer threads run, the warning says so, and events are served', async (handler) => {
    await using runtime = await startRuntime({
      handler,
      concurrency: 8,
      env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '640' },
    });
    const warning = await runtime.whenLogged(/threads run: each costs/);
    const { threads, costMiB } = warning as { threads: number; costMiB: number };
    expect(warning).toMatchObject({ level: 'WARN', asked: 8, memoryMiB: 640 });
    expect(threads).toBeGreaterThanOrEqual(1);
    expect(threads).toBeLessThan(6);
    expect(costMiB).toBeGreaterThanOrEqual(100);
    expect(warning['message']).toBe(
      `Only ${threads} of 8 threads run: each costs ${costMiB} MiB, and one more would not fit into 80 % of 640 MiB. ` +
        `Set PerExecutionEnvironmentMaxConcurrency to ${threads}, or give the function more memory.`,
    );
    await runtime.whenParked(threads);
    expect(runtime.api.parked).toBe(threads);
    const events = Array.from({ length: 20 }, (_, number) => number);
    expect(await Promise.all(events.map((event) => runtime.invoke(event)))).toEqual(
      events.map((event) => event + 1),
    );
    await runtime.whenParked(threads);
    expect(runtime.api.parked).toBe(threads);
  });
});

/** Invocations that end only when all of them run at once; resolves with their threads. */
function meet(runtime: RunningRuntime, meeting: string, of: number): Promise<number[]> {
  return Promise.all(Array.from({ length: of }, () => runtime.invoke<number>({ meeting, of })));
}

/** Resolves when that many invocations have arrived. */
async function arrivals(directory: string, meeting: string, count: number): Promise<void> {
  const arrived = async () => (await readdir(directory)).filter((name) => name.startsWith(`${meeting}~`));
  await expect.poll(arrived, PATIENTLY).toHaveLength(count);
}

/** How many invocations each thread had, ascending. */
function share(threads: readonly number[]): number[] {
  const counts = Map.groupBy(threads, (thread) => thread).values();
  return [...counts].map((of) => of.length).sort((a, b) => a - b);
}
