/**
 * Threads that must end during asynchronous work of native addons. bcrypt represents addons that abort the
 * process if their thread exits or is terminated during that work.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, describe, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { FULL, startLayout } from './fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from './fault-runtime.ts';

/** The number of invocations with native work in each test. */
const TIMES = FULL ? 50 : 6;

const TERMINATED = /is terminated$/;

/** The deadline comes when a thread has worked for some 100 ms. */
const EARLY_DEADLINE = { deadlineMarginMs: 59_900, deadlineGraceMs: 0 };

async function start(library: string, given: FaultOptions = {}): Promise<FaultRuntime> {
  return startLayout(
    { perThread: 1, threads: 2 },
    {
      api: await startRuntimeApiServer({ timeoutMs: 120_000 }),
      workerFile: 'native-work.mjs',
      ...given,
      env: { LIBRARY: library, UV_THREADPOOL_SIZE: '4', ...given.env },
    },
  );
}

describe.each([
  { next: 'wait', errorType: 'Runtime.DeadlineExceeded' },
  { next: 'exit', errorType: 'Runtime.ExitError' },
  { next: 'throw', errorType: 'TypeError' },
])('a handler that keeps native work in flight, then: $next', ({ next, errorType }) => {
  it.each(['sharp', 'argon2', 'bcrypt'])(
    '%s: its thread ends by itself between two pieces of work',
    async (library) => {
      const options = next === 'wait' ? EARLY_DEADLINE : {};
      await using runtime = await start(library, { options });
      for (let done = 0; done < TIMES; done += 2) {
        const event = { do: 'work', next };
        const work = () => runtime.diagnostic(event, { timeoutMs: 60_000 });
        for (const error of await Promise.all([work(), work()])) expect(error.errorType).toBe(errorType);
      }
      await runtime.expectFullCapacity();
      runtime.expectAnsweredOnce();
      expect(await runtime.made('working-')).toHaveLength(TIMES);
      expect(runtime.log).not.toContainEqual(
        expect.objectContaining({ message: expect.stringMatching(TERMINATED) }),
      );
      expect(await runtime.stop()).toEqual({ code: 0, signal: null });
    },
  );
});

it.each(['sharp', 'argon2'])(
  '%s: a thread that spins with work in flight is terminated, and the process survives',
  async (library) => {
    await using runtime = await start(library, { options: EARLY_DEADLINE });
    for (let done = 0; done < TIMES; done += 2) {
      const work = () => runtime.diagnostic({ do: 'work', next: 'spin' }, { timeoutMs: 60_000 });
      for (const error of await Promise.all([work(), work()]))
        expect(error.errorType).toBe('Runtime.DeadlineExceeded');
    }
    await expect
      .poll(() => runtime.log.filter(({ reason }) => reason === 'blocked').length, { timeout: 60_000 })
      .toBe(TIMES);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  },
);

describe('with bcrypt work in flight in all threads, the process exits with its own code', () => {
  async function working(given: FaultOptions = {}): Promise<FaultRuntime> {
    const runtime = await start('bcrypt', given);
    for (const next of ['wait', 'wait'])
      void runtime.api.invoke(JSON.stringify({ do: 'work', next }), { whenCapacity: true });
    await runtime.marks('working-', 2);
    return runtime;
  }

  it('at SIGTERM', async () => {
    await using runtime = await working();
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  });

  it('at stop(), when the bootstrap has nothing left to do', async () => {
    await using runtime = await working();
    runtime.child.send('stop');
    expect(await runtime.exited).toEqual({ code: 0, signal: null });
  });

  it('at a second SIGTERM', async () => {
    await using runtime = await working({ options: { shutdownTimeoutMs: 60_000 } });
    runtime.child.kill('SIGTERM');
    await runtime.logged({ message: 'Stopping' });
    // Within 500 ms, it would count as a repetition of the first one.
    await pause(600);
    runtime.child.kill('SIGTERM');
    expect(await runtime.exited).toEqual({ code: 143, signal: null });
  });

  it('when the bootstrap calls process.exit, and all exit listeners are called', async () => {
    await using runtime = await working({ extras: ['exit when told'] });
    runtime.child.send('exit');
    expect(await runtime.exited).toEqual({ code: 7, signal: null });
    expect(await runtime.made('exit-listener-')).toEqual(['exit-listener-early', 'exit-listener-late']);
  });

  it('after a deadline with onDeadline exit', async () => {
    await using runtime = await start('bcrypt', { options: { ...EARLY_DEADLINE, onDeadline: 'exit' } });
    void runtime.api.invoke('{"do":"work"}', { whenCapacity: true, timeoutMs: 60_000 });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(await runtime.made('working-')).toHaveLength(1);
  });

  it('when the handler does not load', async () => {
    await using runtime = await start('bcrypt', { env: { FAILS_TO_LOAD: 'yes' } });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.api.initErrors).toHaveLength(1);
  });
});
