import { readdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { POLL_OPTIONS, startBootstrap, startRuntime } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

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

  it('load the module in as many threads at once as there are cores', async () => {
    const cores = availableParallelism();
    await using directory = await makeTaskRoot();
    await using runtime = await startRuntime({
      handler: 'meeting-at-load.handler',
      concurrency: Math.max(cores, 2),
      env: { MEETING_DIRECTORY: directory.path, MEETING_OF: String(cores) },
    });
    await runtime.whenPolling(Math.max(cores, 2));
  });

  it('take invocationsPerThread invocations each, and no slot polls for more', async () => {
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
    // The handlers wait for seven invocations. Two threads run six, and no poll is open for the seventh.
    const six = Array.from({ length: 6 }, () => runtime.invoke<number>({ meeting: 'a', of: 7 }));
    await arrivals(directory.path, 'a', 6);
    expect(runtime.api.openPolls).toBe(0);
    expect(await runtime.api.invoke('{}')).toMatchObject({ status: 'unavailable' });
    await writeFile(`${directory.path}/a~the-seventh`, '');
    expect(share(await Promise.all(six))).toEqual([3, 3]);
  });

  it('are as many as AWS_LAMBDA_NODEJS_WORKER_COUNT says, and share the concurrency', async () => {
    await using directory = await makeTaskRoot();
    await using runtime = await startRuntime({
      handler: 'meeting.waiting',
      concurrency: 5,
      env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '2', MEETING_DIRECTORY: directory.path },
    });
    const ready = await runtime.whenLogged(/^The runtime is ready$/);
    expect(ready).toMatchObject({ concurrency: 5, slots: 5, threads: 2, invocationsPerThread: 3 });
    await runtime.whenPolling(5);
    expect(share(await meet(runtime, 'a', 5))).toEqual([2, 3]);
  });
});

describe('with a handler module of 100 MiB and little memory', () => {
  it.each([
    ['heavy-buffers.handler', 'outside the heap'],
    ['heavy-heap.handler', 'on the heap'],
  ])('%s (%s): starts fewer threads, logs a warning, and serves events', async (handler) => {
    await using runtime = await startRuntime({
      handler,
      concurrency: 8,
      env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '640' },
    });
    const warning = await runtime.whenLogged(/threads run: each needs/);
    const { threads, costMiB } = warning as { threads: number; costMiB: number };
    expect(warning).toMatchObject({ level: 'WARN', asked: 8, memoryMiB: 640 });
    expect(threads).toBeGreaterThanOrEqual(1);
    expect(threads).toBeLessThan(6);
    expect(costMiB).toBeGreaterThanOrEqual(100);
    expect(warning['message']).toBe(
      `Only ${threads} of 8 threads run: each needs ${costMiB} MiB, and one more does not fit into 80 % of 640 MiB. ` +
        `Set PerExecutionEnvironmentMaxConcurrency to ${threads}, or give the function more memory.`,
    );
    await runtime.whenPolling(threads);
    expect(runtime.api.openPolls).toBe(threads);
    const events = Array.from({ length: 20 }, (_, number) => number);
    expect(await Promise.all(events.map((event) => runtime.invoke(event)))).toEqual(
      events.map((event) => event + 1),
    );
    await runtime.whenPolling(threads);
    expect(runtime.api.openPolls).toBe(threads);
  });
});

/** Starts invocations that end only when all of them run at once. Resolves with their thread ids. */
function meet(runtime: RunningRuntime, meeting: string, of: number): Promise<number[]> {
  return Promise.all(Array.from({ length: of }, () => runtime.invoke<number>({ meeting, of })));
}

/** Resolves when that many invocations have arrived. */
async function arrivals(directory: string, meeting: string, count: number): Promise<void> {
  const arrived = async () => (await readdir(directory)).filter((name) => name.startsWith(`${meeting}~`));
  await expect.poll(arrived, POLL_OPTIONS).toHaveLength(count);
}

/** How many invocations each thread had, ascending. */
function share(threads: readonly number[]): number[] {
  const counts = Map.groupBy(threads, (thread) => thread).values();
  return [...counts].map((of) => of.length).sort((a, b) => a - b);
}
