import { describe, expect, it } from 'vitest';
import { ONE_THREAD, startLayout, statuses } from './fault-runtime.ts';

/** One thread, so that all invocations of a test run on it. */
const LAYOUTS = [ONE_THREAD, { perThread: 4, threads: 1 }] as const;

const LATE = [
  { event: 'throw later', errorType: 'LateError', errorMessage: /^too late$/, blamed: true },
  {
    event: 'reject later',
    errorType: 'Runtime.UnhandledPromiseRejection',
    errorMessage: /LateError: too late$/,
    blamed: true,
  },
  { event: 'throw outside', errorType: 'LateError', errorMessage: /^too late$/, blamed: false },
  { event: 'exit later', errorType: 'Runtime.ExitError', errorMessage: /process\.exit\(0\)/, blamed: true },
];

describe.each(LAYOUTS)('with invocationsPerThread $perThread', (layout) => {
  it.each(LATE)(
    '$event, in an idle thread: the error is logged, the thread replaced, no invocation fails',
    async (late) => {
      await using runtime = await startLayout(layout);
      const [before] = await runtime.expectFullCapacity();
      const requestId = 'long-gone';
      await runtime.response(JSON.stringify({ do: late.event, gate: 'late' }), { requestId });
      await runtime.whenPolling(runtime.slots);
      await runtime.open('late');
      await runtime.logged({
        level: 'ERROR',
        message: 'Uncaught error in a handler',
        errorType: late.errorType,
        errorMessage: expect.stringMatching(late.errorMessage),
        stackTrace: expect.arrayContaining([expect.stringMatching(/^ {4}at .*faulty\.mjs/)]),
        ...(late.blamed ? { requestId } : {}),
      });
      const threads = await runtime.expectFullCapacity();
      expect(threads).not.toContain(before);
      runtime.expectAnsweredOnce();
      expect([...runtime.api.deliveries.values()].every(({ outcome }) => outcome === 'response')).toBe(true);
    },
  );

  it.each(LATE.filter(({ event }) => event !== 'exit later'))(
    '$event, while the next invocation runs: the next invocation gets its own response',
    async (late) => {
      await using runtime = await startLayout(layout);
      await runtime.invoke({ do: late.event, gate: 'late' });
      const neighbours = await runtime.neighbours(runtime.slots - 1);
      const next = await runtime.invoke<{ threadId: number }>({ do: 'open, then go on', gate: 'late' });
      await runtime.logged({ message: 'Uncaught error in a handler' });
      expect(statuses(await neighbours.release())).toEqual(layout.perThread === 1 ? {} : { response: 3 });
      const threads = await runtime.expectFullCapacity();
      expect(threads).not.toContain(next.threadId);
      runtime.expectAnsweredOnce();
      expect([...runtime.api.deliveries.values()].every(({ outcome }) => outcome === 'response')).toBe(true);
    },
  );
});
