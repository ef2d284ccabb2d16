import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startRuntime } from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

describe('slots', () => {
  it.each([
    [1, 1],
    [2, 2],
    [8, 8],
    // One thread for each of 200 slots would test nothing more.
    [200, 25],
  ])('%d on %d threads start, serve and stop', async (concurrency, threads) => {
    const env = { AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads) };
    await using runtime = await startRuntime({ handler: 'echo.handler', concurrency, env });
    await runtime.whenPolling(concurrency);
    const numbers = Array.from({ length: concurrency }, (_, number) => number);
    // None waits for capacity, because all slots poll.
    const answers = await Promise.all(
      numbers.map((number) => runtime.invoke<[string, number]>(number, { whenCapacity: false })),
    );
    expect(answers.map(([, number]) => number)).toEqual(numbers);
    await runtime.whenPolling(concurrency);
    expect(runtime.api.openPolls).toBe(concurrency);
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
    await runtime.whenPolling(1);
    expect(await loaded()).toBeLessThan(8);
    expect(await runtime.invoke({}, { whenCapacity: false })).toEqual(expect.any(Number));
    expect(await loaded()).toBeLessThan(8);
    expect(runtime.api.openPolls).toBeLessThan(8);
    await writeFile(`${gate.path}/open`, '');
    await runtime.whenPolling(64);
    expect(await loaded()).toBe(64);
    const results = Array.from({ length: 64 }, () => runtime.invoke({}, { whenCapacity: false }));
    expect(await Promise.all(results)).toEqual(Array(64).fill(expect.any(Number)));
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });
});
