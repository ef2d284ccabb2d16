import { describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { startLayout } from '../faults/fault-runtime.ts';
import { MODES, TWO_THREADS, lineOf, statsOf } from './observed-runtime.ts';

const SHARED_THREADS = { perThread: 4, threads: 2 };

describe.each(MODES)('the CPU time of an invocation in $mode', ({ start }) => {
  it('tells whether the handler computed or waited', async () => {
    await using runtime = await start({ options: { logInvocations: 'all' } });
    await runtime.invoke({ do: 'use the CPU', ms: 100 }, { requestId: 'computed' });
    await runtime.invoke({ do: 'sleep', ms: 200 }, { requestId: 'waited' });
    const computed = await lineOf(runtime, 'computed');
    expect(computed['cpuMs']).toBeGreaterThanOrEqual(100);
    const waited = await lineOf(runtime, 'waited');
    expect(waited['handlerMs']).toBeGreaterThan(190);
    expect(waited['cpuMs']).toBeLessThan(100);
  });

  it('by default, is in the line of a failure, and of a success that takes long', async () => {
    await using runtime = await start({
      api: await startRuntimeApiServer({ enforceTimeout: false }),
      options: { deadlineGraceMs: 60_000 },
    });
    await runtime.failure({ do: 'use the CPU', ms: 30, fails: true }, { requestId: 'failed' });
    const nearDeadline = { deadlineMs: Date.now() + 1, requestId: 'slow' };
    await runtime.invoke({ do: 'use the CPU', ms: 30 }, nearDeadline);
    for (const requestId of ['failed', 'slow'])
      expect((await lineOf(runtime, requestId))['cpuMs']).toBeGreaterThanOrEqual(30);
    expect(await lineOf(runtime, 'slow')).not.toHaveProperty('heapUsedBytes');
  });

  it('is counted in the metrics if the handler ran for 10 ms or longer', async () => {
    await using runtime = await start({ options: { logInvocations: 'all' } });
    await runtime.invoke({ do: 'use the CPU', ms: 50 }, { requestId: 'computed' });
    await runtime.invoke({ do: 'sleep', ms: 100 }, { requestId: 'waited' });
    await runtime.invoke({ do: 'healthy' }, { requestId: 'short' });
    // On a busy machine, the short one can take 10 ms, too.
    const short = await lineOf(runtime, 'short');
    const count = Number(short['handlerMs']) < 10 ? 2 : 3;
    const { longHandlers } = await statsOf(runtime);
    expect(longHandlers).toMatchObject({ handlerMs: { count }, cpuMs: { count } });
    expect(longHandlers.cpuMs.max).toBeGreaterThanOrEqual(49);
    expect(longHandlers.cpuMs.mean).toBeLessThan(longHandlers.handlerMs.mean);
  });

  it('is not measured if no line and no channel has it', async () => {
    await using runtime = await start({ options: { logInvocations: 'none' } });
    await runtime.invoke({ do: 'use the CPU', ms: 50 });
    await runtime.failure({ do: 'use the CPU', ms: 50, fails: true });
    expect((await statsOf(runtime)).longHandlers.cpuMs.count).toBe(0);
  });
});

it('the CPU time of a stream is in its line', async () => {
  await using runtime = await TWO_THREADS.start({
    workerFile: 'streams.mjs',
    options: { logInvocations: true },
  });
  // A shorter handler can have 0: the kernel counts the time of a running thread at its ticks.
  await runtime.result({ do: 'use the CPU', ms: 30 }, { requestId: 'streamed' });
  expect((await lineOf(runtime, 'streamed'))['cpuMs']).toBeGreaterThanOrEqual(30);
});

it('threads that run several invocations at once report no CPU time', async () => {
  await using runtime = await startLayout(SHARED_THREADS, { options: { logInvocations: 'all' } });
  await runtime.invoke({ do: 'use the CPU', ms: 30 }, { requestId: 'shared' });
  const line = await lineOf(runtime, 'shared');
  expect(line['handlerMs']).toBeGreaterThanOrEqual(30);
  expect(line).not.toHaveProperty('cpuMs');
});

describe('at DEBUG, the log has the size of the pool', () => {
  const DEBUG = { env: { AWS_LAMBDA_LOG_LEVEL: 'DEBUG' } };
  const event = 'runtime_worker_pool_initializing';

  it('with worker threads', async () => {
    await using runtime = await startLayout(SHARED_THREADS, DEBUG);
    const line = await runtime.logged({ event });
    expect(line).toMatchObject({
      level: 'DEBUG',
      workerCount: 2,
      executionEnvironmentMaxConcurrency: 8,
    });
  });

  it('once, and not at INFO or in single mode', async () => {
    for (const [{ start }, given, times] of [
      [TWO_THREADS, DEBUG, 1],
      [TWO_THREADS, {}, 0],
      [MODES[1] as (typeof MODES)[number], DEBUG, 0],
    ] as const) {
      await using runtime = await start(given);
      await runtime.invoke({ do: 'healthy' });
      expect(runtime.log.filter((line) => line['event'] === event)).toHaveLength(times);
    }
  });
});
