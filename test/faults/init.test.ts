import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/local/runtime-api/faults.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { FULL, SHAPES, SINGLE_MODE } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const stack = expect.arrayContaining([expect.stringMatching(/cannot-load\.mjs/)]);

const FAULTS = [
  {
    how: 'throws',
    errorType: 'RangeError',
    errorMessage: /^no configuration$/,
    more: { code: 'E_CONFIG', stackTrace: stack },
  },
  {
    how: 'rejects at top level',
    errorType: 'TypeError',
    errorMessage: /^no database$/,
    more: { stackTrace: stack },
  },
  { how: 'throws a string', errorType: 'string', errorMessage: /^only a string$/, more: {} },
  {
    how: 'hangs',
    errorType: 'Runtime.InitTimeout',
    errorMessage: /did not load within 1500 ms \(initTimeoutMs\)/,
    more: {},
  },
  {
    how: 'exits with 0',
    errorType: 'Runtime.ExitError',
    errorMessage: /called process\.exit\(0\)/,
    more: { stackTrace: stack },
  },
  {
    how: 'exits with 3',
    errorType: 'Runtime.ExitError',
    errorMessage: /called process\.exit\(3\)/,
    more: { stackTrace: stack },
  },
  {
    how: 'exits later',
    errorType: 'Runtime.ExitError',
    errorMessage: /called process\.exit\(4\)/,
    more: { stackTrace: stack },
  },
  {
    how: 'throws in a timer',
    errorType: 'RangeError',
    errorMessage: /^from a timer$/,
    more: { stackTrace: stack },
  },
  {
    how: 'rejects in the background',
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: /RangeError: nobody listens$/,
    more: { stackTrace: stack },
  },
];

const IN_THREADS = [
  { how: 'spins', errorType: 'Runtime.InitTimeout', errorMessage: /did not load within 1500 ms/, more: {} },
  {
    how: 'refuses threads',
    errorType: 'Error',
    errorMessage: /^Module did not self-register/,
    more: { stackTrace: stack },
  },
  {
    how: 'needs the main thread first',
    errorType: 'Error',
    errorMessage: /main thread first$/,
    more: { stackTrace: stack },
  },
];

describe.each(SHAPES)('$mode', ({ mode, start }) => {
  const faults = mode === SINGLE_MODE ? FAULTS : [...FAULTS, ...IN_THREADS];

  it.each(faults)(
    'a module that $how: posts one init error, does not poll, and exits with code 1',
    async (fault) => {
      await using runtime = await start({
        workerFile: 'cannot-load.mjs',
        env: { HOW: fault.how },
        options: { initTimeoutMs: /hangs|spins/.test(fault.how) ? 1500 : 60_000 },
      });
      await expectInitError(runtime, fault);
    },
  );

  it('a module that needs the main thread first loads with preload', async () => {
    await using runtime = await start({
      workerFile: 'cannot-load.mjs',
      env: { HOW: 'needs the main thread first' },
      options: { preload: [fixture('preloaded.mjs')] },
    });
    expect(await runtime.invoke({})).toBe('loaded');
  });

  it('a preload module that throws is an init error', async () => {
    await using runtime = await start({ options: { preload: [fixture('preload-throws.mjs')] } });
    await expectInitError(runtime, { errorType: 'SyntaxError', errorMessage: /^no such addon$/, more: {} });
  });

  it('a preload module that hangs is an init error', async () => {
    await using runtime = await start({
      env: { HOW: 'hangs' },
      options: { preload: [fixture('cannot-load.mjs')], initTimeoutMs: 1500 },
    });
    await expectInitError(runtime, {
      errorType: 'Runtime.InitTimeout',
      errorMessage: /cannot-load\.mjs \(option preload\) did not load within 1500 ms/,
      more: {},
    });
  });
});

// The main thread posts the init error in every mode.
describe.each(FULL ? SHAPES : SHAPES.slice(-1))('$mode', ({ start }) => {
  it.each<Fault>([
    { type: 'refuse' },
    { type: 'reset-before' },
    { type: 'reset-during' },
    { type: 'reset-after' },
    { type: 'status', status: 500 },
    { type: 'garbage' },
    { type: 'truncated-body' },
  ])('$type of /init/error: the error is posted again and accepted once', async (fault) => {
    const api = await startRuntimeApiServer();
    api.faults.once('init-error', fault);
    await using runtime = await start({ api, workerFile: 'cannot-load.mjs', env: { HOW: 'throws' } });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(api.faults.pending).toBe(0);
    expect(api.initErrors.map(({ answered }) => answered)).toEqual(
      fault.type === 'reset-after' || fault.type === 'truncated-body' ? [202, 403] : [202],
    );
  });
});

async function expectInitError(
  runtime: FaultRuntime,
  fault: { readonly errorType: string; readonly errorMessage: RegExp; readonly more: object },
): Promise<void> {
  let polled = false;
  runtime.api.whenPolling(1).then(
    () => (polled = true),
    () => undefined,
  );
  expect(await runtime.exited).toEqual({ code: 1, signal: null });
  expect(runtime.api.initErrors).toHaveLength(1);
  expect(runtime.api.initErrors[0]?.error).toMatchObject({
    errorType: fault.errorType,
    errorMessage: expect.stringMatching(fault.errorMessage),
    ...fault.more,
  });
  expect(polled).toBe(false);
  expect(runtime.log).toContainEqual(
    expect.objectContaining({ level: 'ERROR', message: 'The function cannot start' }),
  );
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/faults/${name}`, import.meta.url));
}
