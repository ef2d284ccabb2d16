import { describe, expect, it } from 'vitest';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { EITHER_MODE, TWO_THREADS, ask } from './observed-runtime.ts';

interface Published {
  readonly name: string;
  readonly moment: string;
  readonly context: Readonly<Record<string, unknown>>;
}

const OBSERVED = { env: { OBSERVE: 'channels' } };
const WHOLE = ['start', 'end', 'asyncStart', 'asyncEnd'];
const FAILED = ['start', 'end', 'asyncStart', 'error', 'asyncEnd'];

describe.each(EITHER_MODE)('in $mode', ({ mode, slots, start }) => {
  it('an invocation is published from its arrival to its end', async () => {
    await using runtime = await start(OBSERVED);
    const published = listen(runtime);
    await runtime.invoke({ do: 'healthy' }, { requestId: 'first', tenantId: 'tenant-7' });
    const messages = await of(published, 'invocation', { requestId: 'first' });
    expect(messages.map(({ moment }) => moment)).toEqual(WHOLE);
    const [started, dispatched, , ended] = messages.map(({ context }) => context);
    expect(started).toEqual({
      requestId: 'first',
      tenantId: 'tenant-7',
      functionArn: expect.stringMatching(/^arn:aws:lambda/),
      arrivedAtMs: expect.any(Number),
      deadlineMs: expect.any(Number),
      slot: expect.any(Number),
      bytesIn: '{"do":"healthy"}'.length,
    });
    expect(dispatched).toHaveProperty('thread', mode === 'single mode' ? 0 : expect.any(Number));
    expect(ended?.['report']).toMatchObject({
      requestId: 'first',
      outcome: 'response',
      slot: started?.['slot'],
      cpuMs: expect.any(Number),
      heapUsedBytes: expect.any(Number),
    });
  });

  it('a failed invocation has an error before its end', async () => {
    await using runtime = await start(OBSERVED);
    const published = listen(runtime);
    await runtime.failure({ do: 'fail' }, { requestId: 'refused' });
    const messages = await of(published, 'invocation', { requestId: 'refused' });
    expect(messages.map(({ moment }) => moment)).toEqual(FAILED);
    expect(messages.at(-1)?.context).toMatchObject({
      error: { errorType: 'Refused', errorMessage: 'as asked for', stackTrace: expect.any(Array) },
      report: { outcome: 'error', errorType: 'Refused' },
    });
  });

  it('requests to the Runtime API are published, with status or error', async () => {
    await using runtime = await start(OBSERVED);
    const published = listen(runtime);
    runtime.api.faults.once('response', { type: 'status', status: 500 });
    runtime.api.faults.once('response', { type: 'reset-before' });
    await runtime.invoke({ do: 'healthy' }, { requestId: 'first' });
    const path = '/2018-06-01/runtime/invocation/first/response';
    const requests = async () => {
      const messages = await of(published, 'runtime-api-request', { path }, 13);
      return messages.map(({ moment, context: { status } }) => ({ moment, status }));
    };
    // A retry is sent when the previous attempt has ended.
    expect(await requests()).toEqual([
      ...WHOLE.map((moment) => ({ moment, status: moment.startsWith('async') ? 500 : undefined })),
      ...FAILED.map((moment) => ({ moment, status: undefined })),
      ...WHOLE.map((moment) => ({ moment, status: moment.startsWith('async') ? 202 : undefined })),
    ]);
    const polls = published.filter(
      ({ moment, context }) => moment === 'start' && context['method'] === 'GET',
    );
    expect(polls.length).toBeGreaterThanOrEqual(slots);
  });

  it('the requests of streams are published as well', async () => {
    await using runtime = await start({ ...OBSERVED, workerFile: 'streams.mjs' });
    const published = listen(runtime);
    await runtime.result({ do: 'write', parts: ['one', 'two'] }, { requestId: 'streamed' });
    const path = '/2018-06-01/runtime/invocation/streamed/response';
    const messages = await of(published, 'runtime-api-request', { path });
    expect(messages.map(({ moment }) => moment)).toEqual(WHOLE);
    expect(messages.at(-1)?.context).toMatchObject({ method: 'POST', status: 202 });
    const [invocation] = (await of(published, 'invocation', { requestId: 'streamed' })).slice(-1);
    expect(invocation?.context['report']).toMatchObject({ outcome: 'response', bytesOut: 6 });
  });

  it('without a listener nothing is published', async () => {
    await using runtime = await start({ env: { OBSERVE: 'late-channels' } });
    const published = listen(runtime);
    await runtime.invoke({ do: 'healthy' }, { requestId: 'before' });
    await ask(runtime, 'listen', 'listening');
    await runtime.invoke({ do: 'healthy' }, { requestId: 'after' });
    await of(published, 'invocation', { requestId: 'after' });
    expect(published.filter(({ context }) => context['requestId'] === 'before')).toEqual([]);
  });
});

describe('a thread', () => {
  it('is published from its start to its end, with the reason', async () => {
    await using runtime = await TWO_THREADS.start(OBSERVED);
    const published = listen(runtime);
    await runtime.expectFullCapacity();
    await runtime.failure({ do: 'exit', code: 3 });
    await expect.poll(() => lost(published), POLL_OPTIONS).toHaveLength(1);
    const { thread } = lost(published)[0]?.context ?? {};
    const messages = await of(published, 'thread', { thread });
    expect(messages.map(({ moment }) => moment)).toEqual(FAILED);
    const [started, ready] = messages.map(({ context }) => context);
    expect(started).toEqual({ thread });
    expect(ready).toEqual({ thread, startDurationMs: expect.any(Number) });
    expect(messages.at(-1)?.context).toMatchObject({
      cause: 'exit',
      error: { errorType: 'Runtime.ExitError' },
    });
  });

  it('that ends with the runtime has no cause and no error', async () => {
    await using runtime = await TWO_THREADS.start(OBSERVED);
    const published = listen(runtime);
    await runtime.expectFullCapacity();
    await runtime.stop();
    const messages = await of(published, 'thread', { thread: 1 });
    expect(messages.map(({ moment }) => moment)).toEqual(WHOLE);
    expect(messages.at(-1)?.context).not.toHaveProperty('cause');
  });
});

function listen(runtime: FaultRuntime): Published[] {
  const all: Published[] = [];
  runtime.child.on('message', ({ published }: { published?: Published }) => {
    if (published !== undefined) all.push(published);
  });
  return all;
}

function lost(published: Published[]): Published[] {
  return published.filter(({ name, moment }) => name === 'thread' && moment === 'error');
}

/** Resolves with all messages that have these fields in their context, by default after the last one. */
async function of(
  published: Published[],
  name: string,
  context: object,
  count?: number,
): Promise<Published[]> {
  const matches = expect.objectContaining(context);
  const found = () => published.filter((each) => each.name === name && matches.asymmetricMatch(each.context));
  const complete = () =>
    count === undefined ? found().at(-1)?.moment === 'asyncEnd' : found().length >= count;
  await expect.poll(complete, POLL_OPTIONS).toBe(true);
  return found();
}
