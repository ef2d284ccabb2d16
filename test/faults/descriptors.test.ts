import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { posted, startLayout, statuses } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const LIMIT = 256;
const MANY = { perThread: 75, threads: 4 } as const;
const FEW = { perThread: 4, threads: 2 } as const;

describe('with too few file descriptors for all slots', () => {
  it('only as many slots poll as the descriptors allow, and a warning says so', async () => {
    await using runtime = await startLayout(MANY, { descriptors: LIMIT });
    const slots = await slotsThatPoll(runtime);
    await runtime.whenPolling(slots);
    expect(await openDescriptors(runtime)).toBeLessThan(LIMIT - 10);
    expect(await answers(runtime, { do: 'healthy' }, slots)).toEqual({ response: slots });
    for (let exits = 0; exits < 3; exits += 1) await runtime.failure({ do: 'exit', code: 1 });
    await runtime.whenPolling(slots);
    expect(await answers(runtime, { do: 'healthy' }, slots)).toEqual({ response: slots });
    await runtime.whenPolling(slots);
    expect(runtime.api.openPolls).toBe(slots);
    expect(runtime.log.filter(({ message }) => /^(Polling|Answering) failed/.test(String(message)))).toEqual(
      [],
    );
    runtime.expectAnsweredOnce();
  });

  it('a streaming handler leaves enough descriptors for a second connection of each slot', async () => {
    await using runtime = await startLayout(MANY, { descriptors: LIMIT, workerFile: 'streams.mjs' });
    const slots = await slotsThatPoll(runtime);
    await runtime.whenPolling(slots);
    const firsts: Promise<void>[] = [];
    const results = Array.from({ length: slots }, () => {
      const first = Promise.withResolvers<void>();
      firsts.push(first.promise);
      return runtime.result(
        { do: 'one part, then another', gate: 'end' },
        { onChunk: () => first.resolve() },
      );
    });
    await runtime.unlessExited(Promise.all(firsts));
    expect(await openDescriptors(runtime)).toBeLessThan(LIMIT);
    await runtime.open('end');
    expect(statuses(await Promise.all(results))).toEqual({ response: slots });
    expect(runtime.log.filter(({ level }) => level === 'ERROR')).toEqual([]);
  });

  it('a handler that opens files without end fails with EMFILE, and all others are answered', async () => {
    await using runtime = await startLayout(MANY, { descriptors: LIMIT });
    const slots = await slotsThatPoll(runtime);
    await runtime.whenPolling(slots);
    const error = posted(await runtime.result({ do: 'open files without end' }));
    expect(error).toMatchObject({
      code: 'EMFILE',
      errorMessage: expect.stringMatching(/too many open files/),
    });
    expect(await answers(runtime, { do: 'healthy' }, 40)).toEqual({ response: 40 });
    await runtime.whenPolling(slots);
    // Descriptors that a thread has opened are closed when it ends.
    for (let exits = 0; exits < MANY.threads; exits += 1) await runtime.failure({ do: 'exit', code: 1 });
    await runtime.whenPolling(slots);
    expect(await answers(runtime, { do: 'healthy' }, 40)).toEqual({ response: 40 });
    runtime.expectAnsweredOnce();
  });
});

describe('with no descriptor left', () => {
  it('slots that cannot connect leave their capacity to others; slots and threads recover', async () => {
    await using runtime = await startLayout(FEW, { descriptors: LIMIT });
    await runtime.expectFullCapacity();
    const holder = runtime.result({ do: 'hold descriptors', gate: 'end' });
    await runtime.invoke({ do: 'see none left' });
    for (let lost = 0; lost < 3; lost += 1) {
      runtime.api.faults.once('next', { type: 'reset-before' });
      await runtime.invoke({ do: 'healthy' });
    }
    await expect.poll(() => withoutDescriptor(runtime), { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    await runtime.failure({ do: 'exit', code: 1 });
    await runtime.logged({ message: 'A thread did not start, will retry' });
    // One thread is left, with the holder and three slots.
    expect(await answers(runtime, { do: 'healthy' }, 20)).toEqual({ response: 20 });
    await runtime.open('end');
    expect((await holder).status).toBe('response');
    await runtime.expectFullCapacity();
    expect(runtime.log.filter(({ message }) => String(message).startsWith('Uncaught error'))).toHaveLength(1);
  });

  it('heap limits still apply, and the log is not flooded', async () => {
    const options = { resourceLimits: { maxOldGenerationSizeMb: 32 } };
    await using runtime = await startLayout(FEW, { descriptors: LIMIT, options });
    await runtime.expectFullCapacity();
    const holder = runtime.result({ do: 'hold descriptors', gate: 'end' });
    await runtime.invoke({ do: 'see none left' });
    const full = await runtime.diagnostic({ do: 'large arrays' });
    expect(full).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
    await runtime.logged({ message: 'A thread did not start, will retry' });
    await runtime.open('end');
    expect((await holder).status).toBe('response');
    await runtime.expectFullCapacity();
    expect(runtime.log.length).toBeLessThan(60);
    runtime.expectAnsweredOnce();
  });
});

/** The number of polling slots that the warning reports. */
async function slotsThatPoll(runtime: FaultRuntime): Promise<number> {
  const { slots } = (await runtime.logged({
    level: 'WARN',
    asked: runtime.slots,
    descriptors: LIMIT,
    message: expect.stringMatching(
      /^Only \d+ of 300 slots poll: there are not enough file descriptors for more/,
    ),
  })) as { slots?: number };
  return slots ?? 0;
}

async function openDescriptors(runtime: FaultRuntime): Promise<number> {
  return (await readdir(`/proc/${runtime.child.pid}/fd`)).length;
}

async function answers(runtime: FaultRuntime, event: object, count: number): Promise<Record<string, number>> {
  return statuses(await Promise.all(Array.from({ length: count }, () => runtime.result(event))));
}

/** How many slots could not connect. */
function withoutDescriptor(runtime: FaultRuntime): number {
  return runtime.log.filter(({ failures, reason }) => failures === 2 && /EMFILE/.test(String(reason))).length;
}
