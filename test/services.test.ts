import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES, startBootstrap } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';
import type { ManagedRuntimeOptions } from '../src/config/options.ts';

const SHARING = fileURLToPath(new URL('fixtures/sharing/', import.meta.url));
const SERVICES = `${SHARING}services.ts`;
const DATA = `${SHARING}data.ts`;

const LAYOUTS: readonly (readonly [name: string, options: ManagedRuntimeOptions])[] = [
  ['single mode', { concurrency: 1 }],
  ['two threads with one invocation each', { concurrency: 2 }],
  ['two threads with four each', { concurrency: 8, threads: 2, invocationsPerThread: 4 }],
];

interface Described {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly fields: object;
  readonly cause?: Described;
}

describe.each(LAYOUTS)('services in %s', (_name, options) => {
  const slots = options.concurrency ?? 1;
  const threads = slots === 1 ? 1 : 2;
  let runtime: RunningRuntime;
  beforeAll(async () => {
    runtime = await startBootstrap(`${SHARING}handler.ts`, { ...options, services: SERVICES });
    await runtime.whenPolling(slots);
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('are shared by all threads', async () => {
    const first = Array.from({ length: slots }, () => runtime.invoke<number>({ do: 'take' }));
    const numbers = [...(await Promise.all(first)), await runtime.invoke<number>({ do: 'take' })];
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
    expect(await runtime.invoke({ do: 'cache', what: 'a' })).toMatchObject({ size: 1 });
    expect(await runtime.invoke({ do: 'cache', what: 'a' })).toMatchObject({ hit: 1, size: 1 });
  });

  it('can be objects, functions, classes and values of the main thread', async () => {
    expect(await runtime.invoke({ do: 'values' })).toEqual({
      version: '1.2',
      where: { isMainThread: true, inInvocation: false },
    });
    expect(await runtime.invoke({ do: 'counter' })).toEqual([1, 2]);
  });

  it('accept callbacks, which run in the calling thread', async () => {
    const { seen, answered, threadId } = await runtime.invoke<Record<string, unknown>>({ do: 'each' });
    expect(seen).toEqual(['a', 'b']);
    expect(answered).toEqual([`a in thread ${String(threadId)}`, `b in thread ${String(threadId)}`]);
  });

  it('accept and return large buffers, copied or transferred', async () => {
    const length = 8 * 1024 * 1024;
    expect(await runtime.invoke({ do: 'bytes' })).toEqual({
      copied: [length, 5],
      moved: [length, 5],
      left: 0,
      made: [length, 7],
    });
  });

  it.each(['throw', 'reject'])('that %s fail their caller with the complete error', async (how) => {
    const { error } = await runtime.failure({ do: how, what: 'error' });
    expect(error).toMatchObject({
      errorType: 'PaymentError',
      errorMessage: 'refused',
      code: 'E_PAYMENT',
      cause: { errorType: 'RangeError', errorMessage: 'too much', cause: { errorMessage: 'a limit' } },
    });
    expect(error?.stackTrace?.join('\n')).toMatch(/services\.ts:\d+/);
    expect(await runtime.invoke({ do: 'healthy' })).toHaveProperty('threadId');
  });

  it('throw errors that reach the handler with name, stack, cause and fields', async () => {
    const caught = await runtime.invoke<Described>({ do: 'caught', what: 'error' });
    expect(caught).toMatchObject({ name: 'PaymentError', message: 'refused', cause: { name: 'RangeError' } });
    expect(caught.stack).toMatch(/^PaymentError: refused|^Error: refused/);
    expect(caught.fields).toEqual({ code: 'E_PAYMENT', retryable: true });
  });

  it.each([
    ['circular', { message: 'of itself', cause: { cause: { message: 'of itself' } } }],
    ['an odd cause', { message: 'odd', cause: { type: 'string' } }],
    ['DOMException', { name: 'AbortError', message: 'gone', fields: { code: 20 } }],
    ['string', { thrown: 'only a string', type: 'string' }],
    ['undefined', { thrown: 'undefined', type: 'undefined' }],
    ['function', { type: 'string', thrown: '[Function (anonymous)]' }],
  ])('can throw anything: %s', async (what, expected) => {
    expect(await runtime.invoke({ do: 'caught', what })).toMatchObject(expected);
  });

  it('pass errors of callbacks to the main thread and back, with their fields', async () => {
    const { error } = await runtime.failure({ do: 'callback that throws' });
    expect(error).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'in the callback',
      code: 'E_CALLBACK',
    });
  });

  it('that return a value that cannot be cloned fail their caller', async () => {
    const { error } = await runtime.failure({ do: 'uncloneable' });
    expect(error).toMatchObject({ errorType: 'TypeError', errorMessage: 'Unserializable return value' });
  });

  it('that do not exist fail their caller with an error that lists the exports', async () => {
    const { error } = await runtime.failure({ do: 'missing' });
    expect(error?.errorType).toBe('TypeError');
    expect(error?.errorMessage).toMatch(
      /^The services module file:\S+services\.ts has no export nothing\. It exports: .*cache, .*limiter/,
    );
  });

  it('return proxies, which release() frees', async () => {
    expect(await runtime.invoke({ do: 'session' })).toEqual({ during: 1, hello: 'hello you' });
    await expect.poll(() => runtime.invoke({ do: 'sessions' }), { timeout: 60_000 }).toBe(0);
  });

  it('that hang affect only their caller', async () => {
    const event = { do: 'hang' };
    const hanging = runtime.api.invoke(JSON.stringify(event), { whenCapacity: true, deadlineInMs: 500 });
    if (slots > 1) expect(await runtime.invoke({ do: 'take' })).toEqual(expect.any(Number));
    expect(await hanging).toMatchObject({ status: 'error', rawErrorType: 'Runtime.DeadlineExceeded' });
    // Single mode has no thread to terminate: the handler keeps its slot.
    if (slots === 1) return;
    await runtime.whenPolling(slots);
    expect(await runtime.invoke({ do: 'take' })).toEqual(expect.any(Number));
  });

  if (slots === 1) return;
  it('are available to threads that start later, and survive the end of threads', async () => {
    await runtime.invoke({ do: 'keep' });
    for (let thread = 0; thread < threads; thread += 1) {
      await runtime.failure({ do: 'exit' });
      await runtime.whenPolling(slots);
    }
    await runtime.invoke({ do: 'callKept' });
    const answers = Array.from({ length: slots * 2 }, () => runtime.invoke({ do: 'take' }));
    expect(await Promise.all(answers)).toEqual(answers.map(() => expect.any(Number)));
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });
});

it('an error that a service throws later does not end the supervisor', async () => {
  const options = { concurrency: 2, services: SERVICES };
  await using runtime = await startBootstrap(`${SHARING}handler.ts`, options);
  await runtime.invoke({ do: 'throwLater' });
  await runtime.whenLogged(/^Uncaught error on the main thread$/);
  expect(await runtime.invoke({ do: 'take' })).toBe(1);
});

describe.each(MODES)('shared data in %s', (_mode, { concurrency = 1 }) => {
  it('is the same memory for all threads, replacements included', async () => {
    const options = { concurrency, sharedData: DATA };
    await using runtime = await startBootstrap(`${SHARING}handler.ts`, options);
    await runtime.whenPolling(concurrency);
    const expected = { weights: 16 * 1024 * 1024, sum: 0.5, words: ['zero', 'one'], shared: true };
    for (let count = 0; count < 4; count += 1)
      expect(await runtime.invoke({ do: 'data' })).toMatchObject({ ...expected, count });
    if (concurrency === 1) return;
    for (let thread = 0; thread < concurrency; thread += 1) {
      await runtime.failure({ do: 'exit' });
      await runtime.whenPolling(concurrency);
    }
    expect(await runtime.invoke({ do: 'data' })).toMatchObject({ ...expected, count: 4 });
  });

  it('and services that are not configured fail with the option’s name; comlink is not loaded', async () => {
    const env = { NODE_DEBUG: 'esm,module' };
    await using runtime = await startBootstrap(`${SHARING}handler.ts`, { concurrency }, { env });
    expect((await runtime.failure({ do: 'data' })).error?.errorMessage).toBe(
      'There is no shared data: set the option sharedData of createManagedRuntime.',
    );
    expect((await runtime.failure({ do: 'take' })).error?.errorMessage).toBe(
      'There are no services: set the option services of createManagedRuntime.',
    );
    await runtime.stop();
    expect(runtime.output.stderr).toMatch(/invoke-store/);
    expect(runtime.output.stderr).not.toMatch(/node_modules\/comlink/);
  });
});

const FAULTY_MODULES = {
  'throws.mjs': "throw new RangeError('no connection');",
  'syntax.mjs': 'export const = 1;',
  'imports.mjs': "import './not-there.mjs';",
  'never.mjs': 'await new Promise((resolve) => setTimeout(resolve, 2 ** 30));',
  'function.mjs': 'export default { model: { lookup: () => 1 } };',
  'promise.mjs': 'export const model = Promise.resolve(1);',
  'copied.mjs': 'export const model = { layers: [new Float32Array(1024 * 1024)] };',
  'map.mjs': "export const model = new Map([['bias', new Uint8Array(2 ** 21).subarray(4)]]);",
  'set.mjs': 'export const model = new Set([1, new Uint8Array(2 ** 21)]);',
  'empty.mjs': 'export default undefined;',
};

describe('init fails', () => {
  it.each<[option: 'services' | 'sharedData', file: string, fault: RegExp]>([
    [
      'services',
      'throws.mjs',
      /^The module file:\S+ \(option services\) could not be loaded: no connection$/,
    ],
    ['services', 'syntax.mjs', /could not be loaded: \/.*\/syntax\.mjs:1:14: Unexpected token '='$/],
    ['services', 'imports.mjs', /could not be loaded: Cannot find module .*not-there\.mjs/],
    ['services', './missing.mjs', /could not be loaded: Cannot find module .*missing\.mjs/],
    ['services', 'never.mjs', /could not be loaded: it took more than 300 ms \(initTimeoutMs\)$/],
    [
      'sharedData',
      'throws.mjs',
      /^The module file:\S+ \(option sharedData\) could not be loaded: no connection$/,
    ],
    [
      'sharedData',
      'function.mjs',
      /: default\.model\.lookup is a function, which cannot be sent to threads\.$/,
    ],
    [
      'sharedData',
      'promise.mjs',
      /\(option sharedData\) cannot be shared: #<Promise> could not be cloned\.$/,
    ],
    [
      'sharedData',
      'copied.mjs',
      /: model\.layers\.0 is in an ArrayBuffer of 4194304 bytes, which each thread would copy\. Use a SharedArrayBuffer\.$/,
    ],
    ['sharedData', 'map.mjs', /: model\.bias is in an ArrayBuffer of 2097152 bytes/],
    ['sharedData', 'set.mjs', /: model\.1 is in an ArrayBuffer of 2097152 bytes/],
    ['sharedData', 'empty.mjs', /option sharedData\) has no exports to share\.$/],
  ])('if the option %s is %s', async (option, file, fault) => {
    await using root = await makeTaskRoot(FAULTY_MODULES);
    const options = {
      concurrency: 2,
      [option]: file.startsWith('.') ? file : `${root.path}/${file}`,
      ...(file === 'never.mjs' ? { initTimeoutMs: 300 } : {}),
    };
    await using runtime = await startBootstrap(`${SHARING}handler.ts`, options);
    expect((await runtime.exited).code).not.toBe(0);
    expect(runtime.api.initErrors).toHaveLength(1);
    const errorType = option === 'services' ? 'Runtime.ServicesError' : 'Runtime.SharedDataError';
    expect(runtime.api.initErrors[0]).toMatchObject({
      error: { errorType, errorMessage: expect.stringMatching(fault) },
    });
  });
});
