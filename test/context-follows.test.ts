import { join } from 'node:path';
import { readdir, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FULL } from './faults/fault-runtime.ts';
import { ADDRESS, withoutRuntimeApi } from './helpers/start-local.ts';
import { MODES, POLL_OPTIONS, startBootstrap, startRuntime } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

interface Seen {
  readonly contextId?: string;
  readonly requestId: string;
  readonly traceId?: string;
  readonly tenantId?: string;
  readonly traceparent?: string;
  /** `_X_AMZN_TRACE_ID`. */
  readonly variable?: string;
}

/** Enough for many different interleavings on each thread. */
const INVOCATIONS = FULL ? 10_000 : 2_000;

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe.each(MODES)('code that a handler calls, in %s', (_mode, { concurrency, env }) => {
  let runtime: RunningRuntime;
  beforeAll(async () => {
    runtime = await startRuntime({
      handler: 'follow.handler',
      concurrency: concurrency ?? 1,
      env: { ...env, AWS_LAMBDA_NODEJS_WORKER_COUNT: '2' },
    });
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('sees the context and the invoke store of its invocation, before and after an await', async () => {
    const invocation = { requestId: 'followed', traceId: 'Root=1-a', tenantId: 'tenant' };
    const seen = { contextId: 'followed', requestId: 'followed', traceId: 'Root=1-a', tenantId: 'tenant' };
    expect(await runtime.invoke({}, invocation)).toMatchObject({ before: seen, after: seen, same: true });
  });

  it('can use the store while the module loads; invocations do not see values set then', async () => {
    const told = await runtime.invoke<{ before: object }>({});
    expect(told).toMatchObject({ whileLoading: { context: true, store: 'function', requestId: '-' } });
    expect(told.before).not.toHaveProperty('setUp');
  });

  it('reads its trace id in _X_AMZN_TRACE_ID, which is unset for invocations without one', async () => {
    const traced = await runtime.invoke<{ after: Seen }>({}, { traceId: 'Root=1-b' });
    expect(traced.after.variable).toBe('Root=1-b');
    const others = [1, 2].map(() => runtime.invoke<{ after: Seen }>({}));
    for (const { after } of await Promise.all(others)) expect(after).not.toHaveProperty('variable');
  });

  it('gets only the trace strings from w3c(), and a client context without the key w3c', async () => {
    const w3c = { traceparent: TRACEPARENT, tracestate: 7, baggage: 'a=1', other: 'x' };
    const clientContext = JSON.stringify({ Custom: { a: 1 }, w3c });
    const told = await runtime.invoke<{ after: Seen; clientContext: object }>({}, { clientContext });
    expect(told).toMatchObject({ w3c: { traceparent: TRACEPARENT, baggage: 'a=1' } });
    expect(told).not.toHaveProperty('w3c.tracestate');
    expect(told).not.toHaveProperty('w3c.other');
    expect(told.clientContext).toEqual({ Custom: { a: 1 } });
    expect(told.after.traceparent).toBe(TRACEPARENT);
  });

  it.each([
    ['no client context', undefined],
    ['one that is no object', '"text"'],
    ['one that is null', 'null'],
    ['a key w3c that is null', '{"w3c":null}'],
    ['a key w3c that is text', '{"w3c":"text"}'],
  ])('gets an empty object from w3c() with %s', async (_what, clientContext) => {
    const options = clientContext === undefined ? {} : { clientContext };
    expect(await runtime.invoke({}, options)).toMatchObject({ w3c: {} });
  });
});

it('a shared thread does not set _X_AMZN_TRACE_ID', async () => {
  await using runtime = await startBootstrap('follow.mjs', {
    concurrency: 2,
    threads: 1,
    invocationsPerThread: 2,
  });
  const { after } = await runtime.invoke<{ after: Seen }>({}, { traceId: 'Root=1-c' });
  expect(after).toMatchObject({ traceId: 'Root=1-c' });
  expect(after).not.toHaveProperty('variable');
});

it('code that runs outside any invocation cannot store values for other invocations', async () => {
  await using runtime = await startBootstrap('follow.mjs', { handler: 'leak' });
  expect(await runtime.invoke({ value: 1 })).toEqual({ refused: 'TypeError' });
});

it('the invoke store rejects values outside an invocation and changes to the runtime’s fields', async () => {
  const preload = `import { AsyncResource } from 'node:async_hooks'; globalThis.preloaded = new AsyncResource('preloaded');`;
  await using runtime = await startBootstrap(
    'follow.mjs',
    { handler: 'guarded', concurrency: 1 },
    { execArgv: ['--import', `data:text/javascript,${encodeURIComponent(preload)}`] },
  );
  const ofRuntime = expect.stringMatching(/^The field .*REQUEST_ID.* cannot be changed\.$/);
  expect(await runtime.invoke({})).toEqual({
    within: { hasContext: true, ofRuntime, own: 'set' },
    outside: { hasContext: false, ofRuntime, own: 'Values can be set only within an invocation.' },
  });
});

it('two invocations on one thread each have their own context and store', async () => {
  await using directory = await makeTaskRoot();
  const gate = join(directory.path, 'gate');
  await using runtime = await startBootstrap('follow.mjs', {
    concurrency: 2,
    threads: 1,
    invocationsPerThread: 2,
  });
  await runtime.whenPolling(2);
  const first = runtime.invoke({ gate }, { requestId: 'first', tenantId: 'one' });
  const second = await runtime.invoke({}, { requestId: 'second', tenantId: 'two', whenCapacity: false });
  expect(second).toMatchObject({ before: { contextId: 'second', requestId: 'second', tenantId: 'two' } });
  await writeFile(gate, '');
  const seen = { contextId: 'first', requestId: 'first', tenantId: 'one' };
  expect(await first).toMatchObject({ before: seen, after: seen });
});

describe.each([
  ['single mode', { concurrency: 1 }],
  ['2 threads with 4 each', { concurrency: 8, threads: 2, invocationsPerThread: 4 }],
])('with an invoke store that was opened before the runtime loads, in %s', (_mode, options) => {
  const preload = ['--import', new URL('fixtures/bootstraps/opens-store.mjs', import.meta.url).href];

  it.each([
    ['0.1.1', {}],
    ['0.2.1', {}],
    ['0.2.4', {}],
    ['0.3', {}],
    ['0.1.1', { WITHOUT_CONCURRENCY: '1' }],
    ['0.2.1', { WITHOUT_CONCURRENCY: '1' }],
    ['0.2.4', { WITHOUT_CONCURRENCY: '1' }],
    ['0.3', { WITHOUT_CONCURRENCY: '1' }],
    ['0.3', { WITHOUT_CONCURRENCY: '1', AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: '1' }],
  ])('version %s, %j: each invocation sees only its own ids', async (STORE, env) => {
    await using directory = await makeTaskRoot();
    const gate = join(directory.path, 'gate');
    const isGlobal = !('AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA' in env);
    await using runtime = await startBootstrap(
      'follow.mjs',
      { ...options, handler: 'held' },
      { env: { STORE, ...env }, execArgv: preload },
    );
    const ids = Array.from({ length: options.concurrency }, (_, n) => `request-${n}`);
    await runtime.whenPolling(options.concurrency);
    const all = ids.map((requestId) =>
      runtime.invoke<{ threadId: number }>(
        { gate },
        { requestId, traceId: `Root=${requestId}`, tenantId: `tenant-${requestId}`, whenCapacity: false },
      ),
    );
    const arrived = async () => (await readdir(directory.path)).length;
    await expect.poll(arrived, POLL_OPTIONS).toBe(options.concurrency);
    await writeFile(gate, '');
    const results = await Promise.all(all);
    const seenBy = (id: string) => ({
      contextId: id,
      mine: id,
      heldId: id,
      heldTrace: `Root=${id}`,
      heldTenant: `tenant-${id}`,
      heldKey: id,
      ...(isGlobal && { requestId: id, traceId: `Root=${id}`, tenantId: `tenant-${id}` }),
    });
    for (const [n, result] of results.entries()) {
      const seen = seenBy(ids[n] ?? '');
      expect(result).toMatchObject({ before: seen, after: seen, within: [1, true] });
    }
    expect(new Set(results.map(({ threadId }) => threadId)).size).toBe('threads' in options ? 2 : 1);
    const left = () => runtime.log.filter(({ message }) => String(message).startsWith('left behind'));
    await expect.poll(() => left().length, POLL_OPTIONS).toBe(options.concurrency);
    for (const { message, requestId } of left()) {
      const seen: unknown = JSON.parse(String(message).slice('left behind '.length));
      expect(seen).toMatchObject(seenBy(String(requestId)));
    }
  });

  it('a frozen store fails the init, because it would mix up invocations', async () => {
    await using runtime = await startBootstrap('follow.mjs', options, {
      env: { STORE: '0.2.4', WITHOUT_CONCURRENCY: '1', FROZEN: '1' },
      execArgv: preload,
    });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.api.initErrors).toMatchObject([{ error: { errorType: 'Runtime.InvokeStoreFrozen' } }]);
  });
});

describe('the option concurrency, with shared threads', () => {
  const OF = 8;
  const options = { concurrency: OF, threads: 2, invocationsPerThread: 4 };

  interface Done {
    readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
    readonly threadId: number;
    readonly maxConcurrency?: string;
    readonly initializationType?: string;
  }

  it('is visible in threads: the Powertools batch, logger and metrics do not mix up invocations', async () => {
    await using directory = await makeTaskRoot();
    const env = { MEETING_DIRECTORY: directory.path };
    await using runtime = await startBootstrap('powertools-together.mjs', options, { env });
    await runtime.whenPolling(OF);
    const numbers = Array.from({ length: OF }, (_, n) => n);
    // Each waits for all others in the middle of its work. Without the overlap, none would be answered.
    const done = await Promise.all(
      numbers.map((n) => runtime.invoke<Done>({ n, of: OF }, { requestId: `request-${n}` })),
    );
    expect(new Set(done.map(({ threadId }) => threadId)).size).toBe(2);
    for (const [n, { batchItemFailures, maxConcurrency, initializationType }] of done.entries()) {
      expect(batchItemFailures).toEqual([{ itemIdentifier: `bad-${n}` }]);
      // Only Lambda sets the initialization type.
      expect({ maxConcurrency, initializationType }).toEqual({ maxConcurrency: '8' });
    }
    const written = (isOne: (line: Readonly<Record<string, unknown>>) => boolean) =>
      runtime.log.filter(isOne);
    const logged = () => written(({ message }) => message === 'from powertools');
    const measured = () => written((line) => '_aws' in line && 'orders' in line);
    await expect.poll(() => logged().length, POLL_OPTIONS).toBe(OF);
    await expect.poll(() => measured().length, POLL_OPTIONS).toBe(OF);
    const pairs = (lines: readonly Readonly<Record<string, unknown>>[], id: string, n: string) =>
      Object.fromEntries(lines.map((line) => [line[id], line[n]]));
    const expected = Object.fromEntries(numbers.map((n) => [`request-${n}`, n]));
    expect(pairs(logged(), 'function_request_id', 'n')).toEqual(expected);
    expect(pairs(measured(), 'requestId', 'orders')).toEqual(expected);
  });

  it.each([
    [
      { concurrency: 8, threads: 2 },
      {},
      { maxConcurrency: '8', initializationType: 'lambda-managed-instances' },
    ],
    [
      { concurrency: 2, threads: 1 },
      { AWS_LAMBDA_MAX_CONCURRENCY: '64' },
      { maxConcurrency: '2', initializationType: 'lambda-managed-instances' },
    ],
    [
      { concurrency: 2, threads: 1 },
      { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' },
      { maxConcurrency: '2', initializationType: 'on-demand' },
    ],
    [{ concurrency: 1 }, {}, {}],
    [{ concurrency: 1, threads: 1 }, {}, {}],
    [{ threads: 1 }, { AWS_LAMBDA_MAX_CONCURRENCY: '1' }, { maxConcurrency: '1' }],
  ])('in local mode, %j with the environment %j gives handlers %j', async (given, env, expected) => {
    await using root = await makeTaskRoot({
      'index.mjs': `
        const { AWS_LAMBDA_MAX_CONCURRENCY: maxConcurrency, AWS_LAMBDA_INITIALIZATION_TYPE: initializationType } = process.env;
        export const handler = () => ({ maxConcurrency, initializationType });`,
    });
    const more = withoutRuntimeApi({ env });
    await using runtime = await startBootstrap(`${root.path}/index.mjs`, given, { env: more.env ?? {} });
    const [, url] = await runtime.unlessExited(runtime.output.whenWritten(ADDRESS, 'stderr'));
    const response = await fetch(`${url}/invoke`, { method: 'POST', body: '{}' });
    expect(await response.json()).toEqual(expected);
  });
});

it(`${INVOCATIONS} interleaved invocations on 4 threads with 4 each see and log only their own ids`, async () => {
  const options = { concurrency: 16, threads: 4, invocationsPerThread: 4, handler: 'interleaved' };
  await using runtime = await startBootstrap('follow.mjs', options);
  const threads = new Set<number>();
  let next = 0;
  const client = async () => {
    while (next < INVOCATIONS) {
      const requestId = `request-${next}`;
      next += 1;
      const identity = { requestId, traceId: `Root=${requestId}`, tenantId: `tenant-${requestId}` };
      const { threadId, all } = await runtime.invoke<{ threadId: number; all: Seen[] }>(
        { turns: 6 },
        identity,
      );
      threads.add(threadId);
      const seen = { contextId: requestId, ...identity };
      expect(all).toEqual([seen, seen, seen, seen, seen, seen]);
    }
  };
  await Promise.all(Array.from({ length: 24 }, client));
  expect(threads.size).toBe(4);
  await runtime.whenPolling(16);
  const reports = () => runtime.log.filter(({ message }) => typeof message === 'object');
  await expect.poll(() => reports().length, POLL_OPTIONS).toBe(INVOCATIONS);
  const mixedUp = reports().filter(({ requestId, tenantId, message }) => {
    const { own, ...seen } = message as { own: string };
    const line = { contextId: requestId, requestId, tenantId };
    return own !== requestId || tenantId !== `tenant-${own}` || !isDeepStrictEqual(seen, line);
  });
  expect(mixedUp).toEqual([]);
});
