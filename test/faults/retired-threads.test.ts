/** What happens to retired threads, and to the resources that they hold. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LAYOUTS, ONE_THREAD, startLayout, threadCount } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

/** The deadline comes about half a second after the event, for invocations that are `timed`. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
const timed = { timeoutMs: 20_000 };

describe.each(LAYOUTS)('with invocationsPerThread $perThread', (layout) => {
  it('a retired thread that holds timers, sockets, ports and loops ends by itself', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    await runtime.expectFullCapacity();
    const threads = await threadCount(runtime.child.pid);
    for (let round = 0; round < 3; round += 1) await runtime.diagnostic({ do: 'hold everything' }, timed);
    await runtime.expectFullCapacity();
    await expect.poll(() => threadCount(runtime.child.pid), { timeout: 20_000 }).toBe(threads);
    expect(runtime.log).not.toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/is terminated$/) }),
    );
    runtime.expectAnsweredOnce();
  });

  it('child processes of a retired thread are ended and reaped', async () => {
    await using runtime = await startLayout(layout);
    for (let round = 0; round < 3; round += 1) {
      expect(await runtime.diagnostic({ do: 'throw beside a child' })).toMatchObject({
        errorMessage: 'beside a child',
      });
    }
    expect(await runtime.made('child-')).toHaveLength(3);
    await expect.poll(() => children(runtime), { timeout: 20_000 }).toEqual([]);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });
});

it('a retired thread that ends by itself reports its exit code, not a termination', async () => {
  await using runtime = await startLayout({ perThread: 2, threads: 1 }, { options: EARLY_DEADLINE });
  await runtime.whenPolling(2);
  const held = runtime.diagnostic({ do: 'wait, then end the thread', gate: 'end' }, { requestId: 'held' });
  await runtime.marks('arrived-held', 1);
  await runtime.failure({ do: 'never settle' }, timed);
  await runtime.open('end');
  expect(await held).toMatchObject({
    errorType: 'Runtime.ExitError',
    errorMessage: expect.stringMatching(/ended with exit code 7/),
  });
  runtime.expectAnsweredOnce();
});

it('a retired thread is terminated early if its replacement needs the memory', async () => {
  await using runtime = await startLayout(ONE_THREAD, {
    // On a slow machine the handler needs some seconds until it holds the memory.
    options: { ...EARLY_DEADLINE, deadlineMarginMs: 15_000 },
    env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '600' },
  });
  await runtime.whenPolling(1);
  const event = { do: 'work, and hold', mib: 250, seconds: 60 };
  expect(await runtime.diagnostic(event, timed)).toMatchObject({ errorType: 'Runtime.DeadlineExceeded' });
  await runtime.logged({ level: 'WARN', reason: 'memory' });
  await runtime.stop();
  runtime.expectAnsweredOnce();
});

it('a retired thread may finish its invocations, even beyond threadRecoveryTimeoutMs', async () => {
  await using runtime = await startLayout(
    { perThread: 2, threads: 1 },
    { options: { threadRecoveryTimeoutMs: 5_000 }, env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '600' } },
  );
  const held = runtime.invoke({ do: 'hold Buffers', mib: 250, gate: 'held' }, { requestId: 'holds' });
  await runtime.marks('arrived-holds', 1);
  await runtime.diagnostic({ do: 'throw in a timer' });
  // Longer than threadRecoveryTimeoutMs.
  await pause(7_000);
  await runtime.open('held');
  expect(await held).toMatchObject({ mib: 250 });
  await runtime.expectFullCapacity();
  runtime.expectAnsweredOnce();
});

/** The child processes of the runtime, including zombies. */
async function children({ child }: FaultRuntime): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(parent) === child.pid) found.push(`${pid} ${state}`);
  }
  return found;
}
