import { expect, it } from 'vitest';
import { POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';

/** `docs/migrating.md`, “What to check in your code”. */
const THREAD = { concurrency: 2, threads: 1 };

it('a thread is not the main thread, has no main module, and can post to its parentPort', async () => {
  await using runtime = await startBootstrap('thread-facts.cjs', THREAD);
  const facts = { isMainThread: false, isMain: false, hasPort: true };
  expect(await runtime.invoke({ do: 'thread' })).toEqual(facts);
  expect(await runtime.invoke({ do: 'thread' })).toEqual(facts);
});

it('at a concurrency of 1 the handler runs on the main thread', async () => {
  await using runtime = await startBootstrap('thread-facts.cjs', { concurrency: 1 });
  expect(await runtime.invoke({ do: 'thread' })).toEqual({
    isMainThread: true,
    isMain: false,
    hasPort: false,
  });
});

it('a change to process.env persists in its thread, where a change to TZ does not affect dates', async () => {
  await using runtime = await startBootstrap('thread-facts.cjs', THREAD, { env: { TZ: 'Asia/Tokyo' } });
  expect(await runtime.invoke({ do: 'variable', value: 'first' })).toBeNull();
  expect(await runtime.invoke({ do: 'variable', value: 'second' })).toBe('first');
  expect(await runtime.invoke({ do: 'zone', zone: 'America/New_York' })).toEqual([9, 9]);
});

it.each([
  { bind: false, ids: 1 },
  { bind: true, ids: 2 },
])(
  'callbacks that a library calls together log under $ids request ids if AsyncResource.bind is used: $bind',
  async ({ bind, ids }) => {
    const options = { concurrency: 2, threads: 1, invocationsPerThread: 2 };
    await using runtime = await startBootstrap('thread-facts.cjs', options);
    // Neither invocation is answered before the other has arrived.
    await Promise.all(['a', 'b'].map((requestId) => runtime.invoke({ do: 'queue', bind }, { requestId })));
    const lines = (text: string) => runtime.log.filter(({ message }) => String(message).startsWith(text));
    await expect.poll(() => lines('after await of').length, POLL_OPTIONS).toBe(2);
    expect(new Set(lines('callback of').map(({ requestId }) => requestId)).size).toBe(ids);
    for (const { message, requestId } of lines('after await of')) {
      expect(message).toBe(`after await of ${requestId}`);
    }
  },
);
