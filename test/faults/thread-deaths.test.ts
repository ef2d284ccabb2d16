import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYOUTS, ONE_THREAD, posted, responses, startLayout, statuses } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

interface Death {
  readonly event: { readonly do: string; readonly code?: number };
  readonly errorType: string | RegExp;
  readonly errorMessage: RegExp;
  readonly header: string;
}

const EXIT = {
  errorType: 'Runtime.ExitError',
  header: 'Runtime.ExitError',
} as const;

const DEATHS: readonly Death[] = [
  {
    ...EXIT,
    event: { do: 'exit', code: 0 },
    errorMessage: /called process\.exit\(0\)\. Return from the handler/,
  },
  {
    ...EXIT,
    event: { do: 'exit', code: 3 },
    errorMessage: /called process\.exit\(3\)\. Return from the handler/,
  },
  { ...EXIT, event: { do: 'exit in a timer', code: 0 }, errorMessage: /called process\.exit\(0\)/ },
  escape('throw in a timer', 'PaymentLost', /^from a timer$/),
  escape('error of an emitter', 'TypeError', /^from an emitter$/),
  escape('throw in a tick', 'RangeError', /^from a tick$/),
  escape('throw a string', 'string', /^only a string$/, 'Function.String'),
  escape('throw of argon2', 'Error', /^Decoding failed$/),
  rejection('rejection', /was not handled: RangeError: nobody listens$/),
];

describe.each([...LAYOUTS, ONE_THREAD])('invocationsPerThread $perThread, threads $threads', (layout) => {
  const others = layout.perThread * layout.threads - 1;
  let runtime: FaultRuntime;
  // The runtime answers a second before the deadline, so that it precedes the platform on busy machines too.
  const options = { deadlineMarginMs: 1500, deadlineGraceMs: 500 };
  beforeAll(async () => (runtime = await startLayout(layout, { options })));
  afterAll(() => runtime[Symbol.asyncDispose]());

  describe.each(DEATHS)('$event', (death) => {
    it('alone: the invocation is answered, and its thread replaced', async () => {
      const before = await runtime.expectFullCapacity();
      expectDeath(death, await runtime.diagnostic(death.event));
      const after = await runtime.expectFullCapacity();
      expect(new Set(after).symmetricDifference(new Set(before)).size).toBe(2);
      runtime.expectAnsweredOnce();
    });

    if (others === 0) return;

    it('beside others: all invocations are answered', async () => {
      await runtime.whenPolling(runtime.slots);
      const neighbours = await runtime.neighbours(others);
      expectDeath(death, await runtime.diagnostic(death.event, { whenCapacity: false }));
      expect(statuses(await neighbours.release())).toEqual(responses(others));
      await runtime.expectFullCapacity();
      runtime.expectAnsweredOnce();
    });
  });

  it('exit with an exit listener that blocks is answered, and the thread is replaced', async () => {
    const before = await runtime.expectFullCapacity();
    expect((await runtime.diagnostic({ do: 'exit, and block' })).errorType).toBe('Runtime.ExitError');
    const after = await runtime.expectFullCapacity();
    expect(new Set(after).symmetricDifference(new Set(before)).size).toBe(2);
    runtime.expectAnsweredOnce();
  });

  // Node.js 24 and 26 do not report to which invocation the error belongs. On a shared thread, the invocation
  // may therefore continue.
  it.each(['callback of sharp', 'rejection of sharp', 'rejection of argon2'])(
    '%s, from native code: is logged, and answered at the latest by the deadline',
    async (what) => {
      const neighbours = await runtime.neighbours(others);
      const error = await runtime.diagnostic({ do: what }, { timeoutMs: 3000 });
      const alone = layout.perThread === 1 ? '' : '|Runtime\\.DeadlineExceeded';
      expect(error.errorType).toMatch(new RegExp(`^(Error|Runtime\\.UnhandledPromiseRejection${alone})$`));
      await runtime.logged({
        message: 'Uncaught error in a handler',
        errorMessage: expect.stringMatching(/unsupported image format|Decoding failed/),
      });
      expect(statuses(await neighbours.release())).toEqual(responses(others));
      await runtime.expectFullCapacity();
      runtime.expectAnsweredOnce();
    },
  );

  it('all at once: each is answered with an error', async () => {
    await runtime.whenPolling(runtime.slots);
    const events = DEATHS.map(({ event }) => event);
    const results = await Promise.all([...events, ...events].map((event) => runtime.result(event)));
    for (const result of results) expect(posted(result).errorMessage).not.toBe('');
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });
});

it('process.exit is logged with its stack after another invocation of the thread has failed', async () => {
  await using runtime = await startLayout({ perThread: 2, threads: 1 });
  const exit = runtime.diagnostic({ do: 'wait, then exit', gate: 'exit' }, { requestId: 'exits' });
  await runtime.marks('arrived-exits', 1);
  await runtime.diagnostic({ do: 'throw in a timer' }, { requestId: 'throws' });
  await runtime.open('exit');
  expect(await exit).toMatchObject(EXIT);
  await runtime.expectFullCapacity();
  const uncaught = runtime.log.filter(({ message }) => message === 'Uncaught error in a handler');
  expect(uncaught).toMatchObject([
    { requestId: 'throws', errorType: 'PaymentLost' },
    {
      requestId: 'exits',
      errorType: 'Runtime.ExitError',
      stackTrace: expect.arrayContaining([expect.stringMatching(/faulty\.mjs/)]),
    },
  ]);
});

function expectDeath(death: Death, error: object): void {
  expect(error).toMatchObject({
    errorType: death.errorType,
    errorMessage: expect.stringMatching(death.errorMessage),
    header: death.header,
  });
}

function escape(
  what: string,
  errorType: string,
  errorMessage: RegExp,
  header = `Function.${errorType}`,
): Death {
  return { event: { do: what }, errorType, errorMessage, header };
}

function rejection(what: string, errorMessage: RegExp): Death {
  return {
    ...escape(what, 'Runtime.UnhandledPromiseRejection', errorMessage),
    header: 'Runtime.UnhandledPromiseRejection',
  };
}
