/** The process that `bench` measures, started as `bench` starts it. */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import type { FromRuntime, RuntimeSettings } from '../../src/cli/bench/runtime-process.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { ENTRY_FILES } from '../../src/package-files.ts';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import { end, start } from '../helpers/child-process.ts';
import { HANDLERS, LONG_TIMEOUT } from '../helpers/start-runtime.ts';

const SETTINGS: RuntimeSettings = {
  workerFile: `${HANDLERS}echo.mjs`,
  concurrency: 2,
  threads: 1,
  invocationsPerThread: 2,
};

let api: RuntimeApiServer;
let child: ChildProcess | undefined;
beforeEach(async () => {
  api = await startRuntimeApiServer(LONG_TIMEOUT);
});
afterEach(async () => {
  if (child !== undefined) await end(child);
  await api.close();
});

function startMeasured(settings: RuntimeSettings): ChildProcess {
  child = start(fileURLToPath(ENTRY_FILES.benchRuntime), [JSON.stringify(settings)], {
    env: { AWS_LAMBDA_RUNTIME_API: api.address, AWS_LAMBDA_MAX_CONCURRENCY: String(settings.concurrency) },
  });
  return child;
}

async function asked(measured: ChildProcess, message: object | string): Promise<FromRuntime> {
  measured.send(message);
  const [answer] = (await once(measured, 'message')) as [FromRuntime];
  return answer;
}

describe('the measured process', () => {
  it('reports its metrics, profiles its threads, and exits when its parent disconnects', async () => {
    const measured = startMeasured(SETTINGS);
    const exited = once(measured, 'exit');
    await api.whenPolling(2);
    const metrics = await asked(measured, 'read-metrics');
    expect(metrics).toMatchObject({ type: 'metrics', startingThreads: 0, usableSlots: 2 });
    expect(await asked(measured, { seconds: 0 })).toEqual({
      type: 'not-profiled',
      message: 'seconds must be a number above 0 and at most 60',
    });
    const profiled = await asked(measured, { seconds: 0.05 });
    if (canProfileThreads()) {
      expect(profiled).toMatchObject({
        type: 'profiled',
        profiles: { profiles: [{ name: 'main' }, { name: 'thread-1' }], missing: [] },
      });
    }
    // The same happens when the command is killed.
    measured.disconnect();
    expect(await exited).toEqual([0, null]);
  });

  it('reports why it cannot run, and exits with code 1', async () => {
    const measured = startMeasured({ ...SETTINGS, threads: -1 });
    const [[failed], exit] = await Promise.all([once(measured, 'message'), once(measured, 'exit')]);
    expect(failed).toEqual({ type: 'failed', message: expect.stringContaining('threads') });
    expect(exit).toEqual([1, null]);
  });
});

it('reads the peak memory of a process, and throws for a process that does not exist', async () => {
  const other = startMeasured(SETTINGS);
  await api.whenPolling(2);
  expect(peakMemoryMiB(other.pid ?? 0)).toBeGreaterThan(20);
  expect(() => peakMemoryMiB(2 ** 30)).toThrow(/ENOENT/);
});
