import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startHost } from './helpers/start-host.ts';
import type { Host, NewRuntime } from './helpers/start-host.ts';
import { HANDLERS, POLL_OPTIONS, startBootstrap } from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

const MODES = [
  ['single mode', { concurrency: 1 }],
  ['thread mode', { concurrency: 2, threads: 1 }],
] as const;

describe.concurrent.each(MODES)('in %s', (_mode, options) => {
  const echo: NewRuntime = { workerFile: 'echo.mjs', options };

  it('stop() resolves together with run(), and may be called several times', async () => {
    await using host = await startHost();
    const runtime = await host.create(echo);
    const run = runtime.run();
    await host.process.whenPolling(1);
    expect(await Promise.all([runtime.stop(), runtime.stop(), run])).toEqual(Array(3).fill('resolved'));
    await expect.poll(() => host.process.api.openPolls, POLL_OPTIONS).toBe(0);
    expect(await runtime.stop()).toBe('resolved');
  });

  it('a runtime stops when disposed, when its signal aborts, and if the signal is already aborted', async () => {
    await using host = await startHost();
    const disposed = await host.create(echo);
    const first = disposed.run();
    await host.process.whenPolling(1);
    expect(await disposed.dispose()).toBe('resolved');
    expect(await first).toBe('resolved');

    const signalled = await host.create({ ...echo, withSignal: true });
    const second = signalled.run();
    await host.process.whenPolling(1);
    await signalled.abort();
    expect(await second).toBe('resolved');

    const aborted = await host.create({ ...echo, withSignal: true });
    await aborted.abort();
    host.process.api.faults.always('next', { type: 'hang' });
    expect(await aborted.run()).toBe('resolved');
    expect(host.process.api.faults.met).toBe(0);
  });

  it('stop() lets the invocation in flight finish', async () => {
    await using directory = await makeTaskRoot();
    await using host = await startHost({ env: { MEETING_DIRECTORY: directory.path } });
    const runtime = await host.create({
      workerFile: 'meeting.mjs',
      options: { ...options, handler: 'waiting', shutdownTimeoutMs: 60_000 },
    });
    const run = runtime.run();
    await host.process.whenPolling(options.concurrency);
    const result = host.process.invoke({ meeting: 'a', of: 2 });
    await expect.poll(() => host.process.api.inFlight, POLL_OPTIONS).toBe(1);
    const stop = runtime.stop();
    await expect.poll(() => host.process.api.openPolls, POLL_OPTIONS).toBe(0);
    await writeFile(`${directory.path}/a~the-second`, '');
    expect(await result).toEqual(expect.any(Number));
    expect(await Promise.all([stop, run])).toEqual(['resolved', 'resolved']);
  });

  it('stop() during the init resolves run(), and no init error is posted', async () => {
    await using host = await startHost();
    const runtime = await host.create({ workerFile: 'never-loads.mjs', options });
    const run = runtime.run();
    await expect.poll(() => host.process.output.stdout, POLL_OPTIONS).toContain('loading');
    expect(await Promise.all([runtime.stop(), run])).toEqual(['resolved', 'resolved']);
    expect(host.process.api.initErrors).toEqual([]);
  });

  it('a second runtime in the process is refused until the first one has stopped', async () => {
    await using host = await startHost();
    const [first, second] = [await host.create(echo), await host.create(echo)];
    const run = first.run();
    await host.process.whenPolling(1);
    const refused = {
      name: 'ManagedRuntimeError',
      code: 'ALREADY_RUNNING',
      message: 'Another managed runtime is running in this process. Stop it before you run this one.',
    };
    expect(await second.run()).toEqual(refused);
    expect(await first.run()).toEqual(refused);
    expect(await host.process.invoke(1)).toEqual([expect.any(String), 1]);
    await first.stop();
    expect(await run).toBe('resolved');

    const secondRun = second.run();
    expect(await host.process.invoke(2)).toEqual([expect.any(String), 2]);
    await second.stop();
    expect(await secondRun).toBe('resolved');
  });

  it('run() after stop() is refused, whether or not the runtime has run', async () => {
    await using host = await startHost();
    const refused = {
      name: 'ManagedRuntimeError',
      code: 'ALREADY_STOPPED',
      message: 'This runtime has been stopped and cannot run again. Create another one.',
    };
    const never = await host.create(echo);
    expect(await never.stop()).toBe('resolved');
    expect(await never.run()).toEqual(refused);

    const once = await host.create(echo);
    const run = once.run();
    await host.process.whenPolling(1);
    await once.stop();
    expect(await run).toBe('resolved');
    expect(await once.run()).toEqual(refused);
  });

  it('the worker file can be an absolute or relative path, a file: URL string or a URL object', async () => {
    await using root = await makeTaskRoot({ 'a #1 100%/é.mjs': `export const handler = () => 'odd path';` });
    const odd = `${root.path}/a #1 100%/é.mjs`;
    await using host = await startHost();
    const absolute = `${HANDLERS}exports.mjs`;
    expect(await answerOf(host, { workerFile: absolute, options })).toBe('handler');
    expect(await answerOf(host, { workerFile: 'exports.mjs', options })).toBe('handler');
    expect(await answerOf(host, { workerFile: './exports.mjs', options })).toBe('handler');
    expect(await answerOf(host, { workerFile: pathToFileURL(absolute).href, options })).toBe('handler');
    expect(await answerOf(host, { workerFile: pathToFileURL(absolute).href, asUrl: true, options })).toBe(
      'handler',
    );
    expect(await answerOf(host, { workerFile: odd, options })).toBe('odd path');
    expect(await answerOf(host, { workerFile: relative(HANDLERS, odd), options })).toBe('odd path');
    expect(await answerOf(host, { workerFile: pathToFileURL(odd).href, asUrl: true, options })).toBe(
      'odd path',
    );
  });

  it('the option handler names the export; a module without handler uses its default export', async () => {
    await using host = await startHost();
    const workerFile = 'exports.mjs';
    expect(await answerOf(host, { workerFile, options: { ...options, handler: 'other' } })).toBe('other');
    expect(await answerOf(host, { workerFile, options: { ...options, handler: 'default' } })).toBe('default');
    expect(await answerOf(host, { workerFile, options: { ...options, handler: 'outer.nested.fn' } })).toBe(
      'nested',
    );
    expect(await answerOf(host, { workerFile: 'only-default.mjs', options })).toEqual({ default: {} });
  });

  it('the option logger receives all log lines', async () => {
    await using host = await startHost();
    const runtime = await host.create({ ...echo, withLogger: true });
    const run = runtime.run();
    await host.process.whenPolling(1);
    await runtime.stop();
    await run;
    const captured = () =>
      [...host.process.output.stderr.matchAll(/^captured (\{.*\})$/gm)].map(([, line]) => line);
    await expect.poll(captured, POLL_OPTIONS).not.toEqual([]);
    const lines = captured().map((line) => JSON.parse(line ?? '') as { msg: string });
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'The runtime is ready', concurrency: options.concurrency }),
    );
    expect(host.process.output.stdout).toBe('');
  });

  it('run() rejects when the init fails, posts the error once, and lets another runtime run', async () => {
    await using host = await startHost();
    const failing = await host.create({ workerFile: 'fails-to-load.mjs', options });
    expect(await failing.run()).toEqual({
      name: 'ManagedRuntimeError',
      code: 'INIT_FAILED',
      message: expect.stringContaining('TABLE is not set'),
    });
    expect(host.process.api.initErrors).toEqual([
      expect.objectContaining({
        answered: 202,
        error: expect.objectContaining({ errorType: 'RangeError', errorMessage: 'TABLE is not set' }),
      }),
    ]);
    expect(await answerOf(host, { workerFile: 'exports.mjs', options })).toBe('handler');
  });

  it('a bootstrap whose init fails exits with code 1', async () => {
    await using runtime = await startBootstrap('fails-to-load.mjs', options);
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.api.initErrors).toHaveLength(1);
  });

  it(
    'a lost response to the extension registration does not leave Lambda waiting forever',
    { timeout: 30_000 },
    async () => {
      // Lambda waits for event/next of each registered extension. Without it, no event ever arrives.
      await using runtime = await startBootstrap('echo.mjs', options, {
        prepare: (api) => void api.faults.once('register', { type: 'reset-after' }),
      });
      const served = runtime.invoke(1).then(
        () => 'served',
        () => 'exited',
      );
      expect(['served', 'exited']).toContain(await served);
    },
  );

  it('a failed poll of the extension is repeated; without it, no event ever arrives', async () => {
    await using runtime = await startBootstrap('echo.mjs', options, {
      prepare: (api) => void api.faults.once('extension-next', { type: 'reset-before' }),
    });
    expect(await runtime.invoke(1)).toEqual([expect.any(String), 1]);
  });

  it('a bootstrap exits with code 0 after SIGTERM', async () => {
    await using runtime = await startBootstrap('echo.mjs', options);
    await runtime.whenPolling(1);
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });
});

describe.concurrent('single mode', () => {
  it.each([
    ['neither is set', {}, {}],
    ['AWS_LAMBDA_MAX_CONCURRENCY is 1', {}, { AWS_LAMBDA_MAX_CONCURRENCY: '1' }],
    ['the option concurrency is 1', { concurrency: 1 }, { AWS_LAMBDA_MAX_CONCURRENCY: '8' }],
    ['AWS_LAMBDA_NODEJS_WORKER_COUNT is 1 alone', {}, { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' }],
  ])(
    'runs the handler on the main thread, without piscina or a thread, when %s',
    async (_when, options, env) => {
      await using runtime = await startBootstrap(
        'exports.mjs',
        { ...options, handler: 'where' },
        {
          env,
          ...RECORDING,
        },
      );
      expect(await runtime.invoke({})).toBe('main thread');
      await runtime.stop();
      const { resolved, threads } = recorded(runtime.output.stderr);
      expect(resolved.filter((url) => url.endsWith('pool/in-process-pool.ts'))).toHaveLength(1);
      expect(resolved.filter((url) => /piscina|thread-pool/.test(url))).toEqual([]);
      expect(resolved.filter((url) => LOCAL_MODE.test(url))).toEqual([]);
      expect(threads).toBe(0);
    },
  );

  it('does not apply to two slots, which use piscina and a thread each', async () => {
    const options = { concurrency: 2, handler: 'where' };
    await using runtime = await startBootstrap('exports.mjs', options, RECORDING);
    await runtime.whenPolling(2);
    expect(await runtime.invoke({})).toBe('worker thread');
    await runtime.stop();
    const { resolved, threads } = recorded(runtime.output.stderr);
    expect(resolved.filter((url) => /piscina/.test(url))).not.toEqual([]);
    expect(resolved.filter((url) => LOCAL_MODE.test(url))).toEqual([]);
    expect(threads).toBe(2);
  });
});

/** Modules that are not needed on Lambda. */
const LOCAL_MODE =
  /\/src\/(local|testing|cli)\/|@smithy|commander|cli-table3|cli-progress|uplot|line-broadcast|terminal-lines/;

const RECORDING = {
  // The built package has bundles in place of the modules.
  sources: true,
  execArgv: ['--import', new URL('./fixtures/bootstraps/record-loading.mjs', import.meta.url).href],
};

function recorded(stderr: string) {
  return {
    resolved: [...stderr.matchAll(/^resolved (.*)$/gm)].map(([, url]) => url ?? ''),
    threads: [...stderr.matchAll(/^started a thread$/gm)].length,
  };
}

/** Runs a runtime with these settings, resolves with its answer to one event, and stops it. */
async function answerOf(host: Host, settings: NewRuntime): Promise<unknown> {
  const runtime = await host.create(settings);
  const run = runtime.run();
  const refused = run.then((settled): never => {
    throw new Error(`run() ended: ${JSON.stringify(settled)}`);
  });
  const answer = await Promise.race([host.process.invoke({}), refused]);
  refused.catch(() => undefined);
  await runtime.stop();
  expect(await run).toBe('resolved');
  return answer;
}
