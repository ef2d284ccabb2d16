import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EITHER_LAYOUT, ONE_THREAD, startLayout } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

describe.each(EITHER_LAYOUT)('with $perThread on a thread', (layout) => {
  it.each([
    { named: 'maxInvocationsPerThread', options: { maxInvocationsPerThread: 3 }, event: { do: 'healthy' } },
    { named: 'maxThreadHeapMb', options: { maxThreadHeapMb: 30 }, event: { do: 'keep', items: 1_000_000 } },
  ])(
    '$named: threads are replaced, one at a time, each after its replacement is up',
    async ({ options, event }) => {
      await using runtime = await startLayout(layout, {
        workerFile: 'loads-if-allowed.mjs',
        options,
        env: { GATED: 'yes' },
      });
      await runtime.whenParked(runtime.slots);
      // From now on what loads waits.
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

it('a thread that is lost while its replacement starts: recycling goes on afterwards', async () => {
  await using runtime = await startLayout(ONE_THREAD, {
    workerFile: 'loads-if-allowed.mjs',
    options: { maxInvocationsPerThread: 3 },
    env: { GATED: 'yes' },
  });
  await runtime.whenParked(1);
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
    await runtime.whenParked(runtime.slots);
  }
}
