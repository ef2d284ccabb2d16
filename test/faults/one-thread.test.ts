/** A concurrency of 1 with one worker thread, for each way to request it. */
import { describe, expect, it } from 'vitest';
import { FaultRuntime, ONE_THREAD, startLayout } from './fault-runtime.ts';
import type { FaultOptions } from './fault-runtime.ts';

const command = true;

/** The variables of the command that `given.options` would set otherwise. */
const variables = (concurrency: string, workers: string) => ({
  AWS_LAMBDA_MAX_CONCURRENCY: concurrency,
  AWS_LAMBDA_NODEJS_WORKER_COUNT: workers,
});

const WAYS: readonly { readonly way: string; readonly given: FaultOptions }[] = [
  { way: 'the option threads', given: { options: { threads: 1 } } },
  {
    way: 'the flag --threads',
    given: { command, args: ['--threads', '1'], env: variables('', '') },
  },
  {
    way: 'AWS_LAMBDA_NODEJS_WORKER_COUNT with AWS_LAMBDA_MAX_CONCURRENCY',
    given: { command, env: variables('1', '1') },
  },
];

/** Long enough for an event to reach the handler on a busy machine. */
const SHORT = { deadlineInMs: 1_000 };

describe.concurrent.each(WAYS)('one thread, requested by $way', ({ given }) => {
  it('interrupts a spinning handler, answers process.exit, and serves on new threads', async () => {
    await using runtime = await FaultRuntime.start(1, given);
    expect(await runtime.whenLogged(/^The runtime is ready$/)).toMatchObject({
      mode: 'threads',
      concurrency: 1,
      slots: 1,
      threads: 1,
    });
    const threads = [await healthy(runtime)];

    expect(await runtime.diagnostic({ do: 'spin' }, SHORT)).toMatchObject({
      errorType: 'Runtime.DeadlineExceeded',
    });
    threads.push(await healthy(runtime));

    expect(await runtime.diagnostic({ do: 'exit', code: 3 })).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/called process\.exit\(3\)/),
    });
    threads.push(await healthy(runtime));

    expect(await runtime.diagnostic({ do: 'throw in a timer' })).toMatchObject({ errorType: 'PaymentLost' });
    threads.push(await healthy(runtime));

    expect(threads).not.toContain(MAIN_THREAD);
    expect(new Set(threads).size).toBe(threads.length);
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });
});

it('without a request for a thread, the handler runs on the main thread', async () => {
  await using runtime = await FaultRuntime.start(1, { command, env: variables('1', '') });
  expect(await healthy(runtime)).toBe(MAIN_THREAD);
  expect(await runtime.logged({ message: 'The runtime is ready' })).toMatchObject({ mode: 'single' });
});

it('background work occupies the only thread until it settles or times out, and hooks run', async () => {
  const options = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
  await using runtime = await startLayout(ONE_THREAD, {
    workerFile: 'hooks.mjs',
    options,
    extras: ['main hook'],
  });
  const gate = runtime.newGate();
  const first = await runtime.invoke<{ threadId: number }>({ do: 'background wait', gate });
  expect(runtime.api.openPolls).toBe(0);
  await runtime.open(gate);
  expect(await healthy(runtime)).toBe(first.threadId);

  await runtime.invoke({ do: 'background spin' }, { timeoutMs: 20_000 });
  const threadId = await healthy(runtime);
  expect(threadId).not.toBe(first.threadId);

  expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  expect((await runtime.made('hook-')).toSorted()).toEqual([`hook-${threadId}`, 'hook-main']);
  runtime.expectAnsweredOnce();
});

it('a stream whose thread ends has the error in its trailers, and a new thread serves', async () => {
  await using runtime = await startLayout(ONE_THREAD, { workerFile: 'streams.mjs' });
  const before = await healthy(runtime);
  const gate = runtime.newGate();
  await runtime.open(gate);
  expect(await runtime.failure({ do: 'then exit', gate })).toMatchObject({
    midStream: true,
    error: { errorType: 'Runtime.ExitError' },
  });
  expect(await healthy(runtime)).not.toBe(before);
  runtime.expectAnsweredOnce();
});

/** Invokes a healthy handler; resolves with its thread. */
async function healthy(runtime: FaultRuntime): Promise<number> {
  const { threadId } = await runtime.invoke<{ threadId: number }>({ do: 'healthy' });
  return threadId;
}

const MAIN_THREAD = 0;
