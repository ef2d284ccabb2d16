import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EITHER_LAYOUT, ONE_THREAD, posted, startLayout } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

describe.each(EITHER_LAYOUT)('with invocationsPerThread $perThread', (layout) => {
  it.each([
    { named: 'maxInvocationsPerThread', options: { maxInvocationsPerThread: 3 }, event: { do: 'healthy' } },
    { named: 'maxThreadHeapMb', options: { maxThreadHeapMb: 30 }, event: { do: 'keep', items: 1_000_000 } },
  ])(
    '$named: threads are replaced one at a time, each when its replacement is ready',
    async ({ options, event }) => {
      await using runtime = await startLayout(layout, {
        workerFile: 'loads-if-allowed.mjs',
        options,
        env: { GATED: 'yes' },
      });
      await runtime.whenPolling(runtime.slots);
      // From now on, threads that load wait.
      await writeFile(join(runtime.gates.path, 'gated'), '');
      const before = new Set(await runtime.expectFullCapacity());
      await use(runtime, event, before);
      await runtime.marks('load-', layout.threads + 1);
      for (let round = 0; round < 4; round += 1) {
        expect(new Set(await runtime.expectFullCapacity())).toEqual(before);
      }
      await runtime.marks('load-', layout.threads + 1);
      await runtime.open('load');
      await expect
        .poll(
          async () => {
            await use(runtime, event, before);
            return new Set(await runtime.expectFullCapacity()).intersection(before).size;
          },
          { timeout: 60_000 },
        )
        .toBe(0);
      runtime.expectAnsweredOnce();
      expect(runtime.log.filter(({ level }) => level === 'ERROR')).toEqual([]);
    },
  );
});

it('hooks run in a thread before it is recycled', async () => {
  await using runtime = await startLayout(ONE_THREAD, {
    workerFile: 'hooks.mjs',
    options: { maxInvocationsPerThread: 1 },
  });
  const { threadId } = await runtime.invoke<{ threadId: number }>({ do: 'healthy' });
  await runtime.marks(`hook-${threadId}`, 1);
  await runtime.expectFullCapacity();
});

describe('an invocation that an outgoing thread still holds', () => {
  const EARLY_DEADLINE = { deadlineMarginMs: 15_000, deadlineGraceMs: 100 };
  /** Holds `wait` and the other event on a thread until a replacement serves in its place. */
  const holdOnOutgoing = async (runtime: FaultRuntime, event: object, timeoutMs: number) => {
    const held = runtime.result({ do: 'wait', gate: 'held' }, { requestId: 'held' });
    await runtime.marks('arrived-held', 1);
    const other = runtime.result(event, { requestId: 'other', timeoutMs });
    const first = await runtime.invoke<{ threadId: number }>({ do: 'healthy' });
    const current = async () => (await runtime.invoke<{ threadId: number }>({ do: 'healthy' })).threadId;
    await expect.poll(current, { timeout: 60_000 }).not.toBe(first.threadId);
    return { held, other, threadId: first.threadId };
  };
  const start = () =>
    startLayout(
      { perThread: 3, threads: 1 },
      { workerFile: 'hooks.mjs', options: { ...EARLY_DEADLINE, maxInvocationsPerThread: 4 } },
    );

  it('fails with Runtime.ThreadTerminated, not Runtime.Shutdown, if the event loop is blocked', async () => {
    await using runtime = await start();
    const { held, other } = await holdOnOutgoing(runtime, { do: 'spin later', gate: 'spin' }, 20_000);
    await runtime.open('spin');
    expect(posted(await other).errorType).toBe('Runtime.DeadlineExceeded');
    expect(posted(await held).errorType).toBe('Runtime.ThreadTerminated');
    runtime.expectAnsweredOnce();
  });

  it('finishes after an uncaught error, and no hook runs in the thread', async () => {
    await using runtime = await start();
    const event = { do: 'throw later', gate: 'throw' };
    const { held, other, threadId } = await holdOnOutgoing(runtime, event, 60_000);
    expect((await other).status).toBe('response');
    await runtime.open('throw');
    await runtime.logged({
      message: 'Uncaught error in a handler',
      errorType: 'LateError',
      thread: threadId,
    });
    await runtime.open('held');
    expect((await held).status).toBe('response');
    await runtime.stop();
    expect(await runtime.made('hook-')).not.toContain(`hook-${threadId}`);
    runtime.expectAnsweredOnce();
  });
});

it('recycling continues after a thread was lost while its replacement started', async () => {
  await using runtime = await startLayout(ONE_THREAD, {
    workerFile: 'loads-if-allowed.mjs',
    options: { maxInvocationsPerThread: 3 },
    env: { GATED: 'yes' },
  });
  await runtime.whenPolling(1);
  await writeFile(join(runtime.gates.path, 'gated'), '');
  for (let turn = 0; turn < 3; turn += 1) await runtime.invoke({ do: 'healthy' });
  await runtime.marks('load-', 2);
  await runtime.failure({ do: 'throw in a timer' });
  await runtime.open('load');
  const seen = new Set<number>();
  const another = async () => {
    const { threadId } = await runtime.invoke<{ threadId: number }>({ do: 'healthy' });
    return seen.add(threadId).size;
  };
  await expect.poll(another, { timeout: 60_000 }).toBeGreaterThan(3);
  runtime.expectAnsweredOnce();
});

/** Invokes until each of these threads has had its turn four times, or is gone. */
async function use(runtime: FaultRuntime, event: object, threads: ReadonlySet<number>): Promise<void> {
  for (let turn = 0; turn < 4 * threads.size; turn += 1) {
    await runtime.invoke(event);
    await runtime.whenPolling(runtime.slots);
  }
}
