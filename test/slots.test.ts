import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startRuntime } from './helpers/start-runtime.ts';
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
