import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EITHER_LAYOUT, LAYOUTS, ONE_THREAD, posted, startLayout, statuses } from './fault-runtime.ts';
import type { RuntimeStats } from '../../src/observability/stats.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const workerFile = 'loads-if-allowed.mjs';

describe.each(EITHER_LAYOUT)('with invocationsPerThread $perThread', (layout) => {
  it('if all threads but the first fail to load, their start is retried until it succeeds', async () => {
    await using runtime = await startLayout(layout, { workerFile, env: { ONLY_FIRST: 'yes' } });
    await runtime.whenPolling(layout.perThread);
    await runtime.open('others');
    await expectRetries(runtime);
    expect(runtime.api.openPolls).toBe(layout.perThread);
    expect(await runtime.invoke({ do: 'healthy', n: 1 })).toMatchObject({ n: 1 });
    await runtime.open('load');
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
    expect(runtime.api.initErrors).toEqual([]);
  });

  it.each(['before', 'after'])(
    'a second thread that fails to load %s the first is ready is retried, and the init succeeds',
    async (when) => {
      const env = { ONLY_FIRST: 'yes', FIRST_WAITS: 'yes' };
      await using runtime = await startLayout({ ...layout, threads: 2 }, { workerFile, env });
      await runtime.marks('load-', 2);
      if (when === 'before') {
        await runtime.open('others');
        await expect.poll(() => startingThreads(runtime), POLL_OPTIONS).toBe(1);
        await runtime.open('first');
      } else {
        await runtime.open('first');
        await runtime.whenPolling(layout.perThread);
        await runtime.open('others');
      }
      await runtime.whenPolling(layout.perThread);
      await expectRetries(runtime);
      expect(await runtime.invoke({ do: 'healthy', n: 1 })).toMatchObject({ n: 1 });
      await runtime.open('load');
      await runtime.expectFullCapacity();
      expect(runtime.api.initErrors).toEqual([]);
    },
  );

  it('while replacements fail to load, other threads serve; capacity recovers once they load', async () => {
    await using runtime = await startLayout(layout, { workerFile });
    await runtime.whenPolling(runtime.slots);
    const neighbours = await runtime.neighbours(runtime.slots - layout.perThread);
    await breakLoading(runtime);
    await runtime.failure({ do: 'exit', code: 1 });
    await expectRetries(runtime);
    expect(statuses(await neighbours.release())).toMatchObject({ response: expect.any(Number) });
    expect(await runtime.invoke({ do: 'healthy', n: 2 })).toMatchObject({ n: 2 });
    await mendLoading(runtime);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('events that arrive while no thread runs are served when a thread has started', async () => {
    await using runtime = await startLayout(layout, { workerFile });
    const { held } = await loseAllThreads(runtime, layout);
    await expectRetries(runtime);
    await mendLoading(runtime);
    expect(statuses(await Promise.all(held))).toEqual({ response: 2 });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('without a thread for too long, held events are answered, and the process exits with code 1', async () => {
    await using runtime = await startLayout(layout, {
      workerFile,
      options: { threadRecoveryTimeoutMs: 5000 },
    });
    const { held } = await loseAllThreads(runtime, layout);
    for (const result of await Promise.all(held)) expect(posted(result).errorType).toMatch(/^Runtime\./);
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.log).toContainEqual(
      expect.objectContaining({
        level: 'ERROR',
        message: 'The runtime cannot continue',
        reason: expect.stringMatching(/^No worker thread could be started for 5000 ms/),
      }),
    );
    expect(runtime.output.stderr).toMatch(/NO_THREADS/);
    runtime.expectAnsweredOnce();
    expect(runtime.api.initErrors).toEqual([]);
  });
});

const IDLE_PAIR = { perThread: 1, threads: 2 };
/** The runtime answers 600 ms after the event, long before the platform. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };

describe('when a thread is lost during an open poll, and no replacement starts,', () => {
  it('the event of that poll runs on the next free thread', async () => {
    await using runtime = await startLayout(IDLE_PAIR, { workerFile });
    const { held, release } = await holdTheOther(runtime);
    const waiting = runtime.result({ do: 'healthy', n: 1 });
    await expect.poll(() => runtime.api.openPolls, { timeout: 60_000 }).toBe(0);
    await release();
    expect(statuses(await Promise.all([held, waiting]))).toEqual({ response: 2 });
    await mendLoading(runtime);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('the event of that poll frees its capacity if it misses its deadline', async () => {
    await using runtime = await startLayout(IDLE_PAIR, { workerFile, options: EARLY_DEADLINE });
    const { held, release } = await holdTheOther(runtime);
    const waiting = await runtime.diagnostic({ do: 'healthy' }, { timeoutMs: 20_000 });
    expect(waiting.errorType).toBe('Runtime.DeadlineExceeded');
    await release();
    expect((await held).status).toBe('response');
    await runtime.whenPolling(1);
    expect(await runtime.invoke({ do: 'healthy', n: 2 })).toMatchObject({ n: 2 });
    await mendLoading(runtime);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });
});

it('threads that die right after their start are retried, until NO_THREADS ends the process', async () => {
  await using runtime = await startLayout(IDLE_PAIR, {
    workerFile: 'dies-at-once.mjs',
    options: { threadRecoveryTimeoutMs: 8_000 },
  });
  for (const failures of [1, 3]) {
    await runtime.logged({ message: 'A thread was lost right after its start, will retry', failures });
  }
  expect(await runtime.exited).toEqual({ code: 1, signal: null });
  expect(runtime.output.stderr).toMatch(/NO_THREADS/);
  expect(runtime.api.initErrors).toEqual([]);
});

it.each([1, 2])(
  'while thread %i serves, failing threads are retried with growing delays until one starts',
  async (thread) => {
    const env = { ONLY_FIRST: 'yes', FIRST: String(thread) };
    await using runtime = await startLayout(LAYOUTS[0], { workerFile, env });
    await runtime.whenPolling(1);
    await runtime.open('others');
    const last = () => Number(retries(runtime).at(-1)?.['failures'] ?? 0);
    while (last() < 5) await runtime.invoke({ do: 'healthy' });
    const failures = new Set(retries(runtime).map((line) => line['failures']));
    expect([...failures]).toEqual(Array.from(failures, (_, index) => index + 1));
    for (const { delayMs, failures: count } of retries(runtime))
      expect(delayMs).toBeGreaterThanOrEqual(75 * 2 ** (Number(count) - 1));
    await runtime.open('load');
    await runtime.expectFullCapacity();
    const before = retries(runtime).length;
    await breakLoading(runtime);
    await runtime.failure({ do: 'exit' });
    await expect.poll(() => retries(runtime)[before], POLL_OPTIONS).toMatchObject({ failures: 1 });
  },
);

it.each([
  { what: 'calls process.exit', event: { do: 'exit', code: 1 }, errorType: 'Runtime.ExitError' },
  { what: 'has an uncaught error', event: { do: 'throw in a timer' }, errorType: 'PaymentLost' },
  { what: 'misses its deadline', event: { do: 'never settle' }, errorType: 'Runtime.DeadlineExceeded' },
])(
  'exits with NO_THREADS if the only thread’s invocation $what and no thread can start',
  async ({ event, errorType }) => {
    await using runtime = await startLayout(ONE_THREAD, {
      workerFile,
      options: { ...EARLY_DEADLINE, threadRecoveryTimeoutMs: 1_000 },
    });
    await runtime.whenPolling(1);
    await breakLoading(runtime);
    expect(await runtime.diagnostic(event, { timeoutMs: 20_000 })).toMatchObject({ errorType });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.output.stderr).toMatch(/NO_THREADS/);
  },
);

function retries({ log }: FaultRuntime): LogLine[] {
  return log.filter(({ message }) => message === 'A thread did not start, will retry');
}

function startingThreads({ child }: FaultRuntime): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('message', ({ stats }: { readonly stats: RuntimeStats }) => resolve(stats.threads.starting));
  child.send('stats');
  return promise;
}

/** Ends one of two threads for good and gives the other an invocation. Both slots have polled before. */
async function holdTheOther(runtime: FaultRuntime) {
  await runtime.whenPolling(runtime.slots);
  await runtime.invoke({ do: 'exit later', gate: 'end' });
  await runtime.whenPolling(runtime.slots);
  await breakLoading(runtime);
  await runtime.open('end');
  await runtime.logged({ message: 'A thread did not start, will retry' });
  const gate = runtime.newGate();
  const held = runtime.result({ do: 'wait', gate }, { requestId: 'held' });
  await runtime.marks('arrived-held', 1);
  return { held, release: () => runtime.open(gate) };
}

/** Ends all threads for good while the polls of their slots are open. Two events arrive. */
async function loseAllThreads(runtime: FaultRuntime, layout: { perThread: number; threads: number }) {
  await runtime.whenPolling(runtime.slots);
  const event = { do: 'meet, and exit later', meeting: runtime.newGate(), of: runtime.slots, gate: 'end' };
  await Promise.all(Array.from({ length: runtime.slots }, () => runtime.invoke(event)));
  await runtime.marks('load-', layout.threads);
  await runtime.whenPolling(runtime.slots);
  await breakLoading(runtime);
  await runtime.open('end');
  await runtime.logged({ message: 'A thread did not start, will retry' });
  await expect
    .poll(() => new Set(runtime.log.filter(({ how }) => how === 'exit').map(({ thread }) => thread)).size, {
      timeout: 60_000,
    })
    .toBe(layout.threads);
  return { held: [1, 2].map((n) => runtime.api.invoke(JSON.stringify({ do: 'healthy', n }))) };
}

async function expectRetries(runtime: FaultRuntime): Promise<void> {
  for (const failures of [1, 3]) {
    await runtime.logged({
      level: 'ERROR',
      message: 'A thread did not start, will retry',
      failures,
      errorMessage: expect.stringMatching(/the module is broken/),
    });
  }
}

function breakLoading(runtime: FaultRuntime): Promise<void> {
  return writeFile(join(runtime.gates.path, 'broken'), '');
}

function mendLoading(runtime: FaultRuntime): Promise<void> {
  return rm(join(runtime.gates.path, 'broken'));
}
