import { describe, expect, it } from 'vitest';
import type { InvokeError } from '../../src/local/invoke.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { EITHER_LAYOUT, SHAPES, startLayout } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

/** The deadline comes about half a second after the event. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };

const ids = (requestId: string) => ({ requestId, tenantId: `tenant-of-${requestId}` });

describe.each(SHAPES)('in $mode', ({ start }) => {
  it('a missed deadline is logged with type and ids, and answered with all fields of AWS’s client', async () => {
    await using runtime = await start({ options: EARLY_DEADLINE });
    const invocation = { ...ids('late'), timeoutMs: 20_000 };
    expectAnswer(await runtime.failure({ do: 'never settle' }, invocation), 'Runtime.DeadlineExceeded');
    await runtime.logged({
      ...ids('late'),
      level: 'ERROR',
      message: 'An invocation missed its deadline',
      errorType: 'Runtime.DeadlineExceeded',
      errorMessage: expect.stringMatching(/did not settle before the deadline/),
    });
    expectRealFields(runtime);
  });

  it('a malformed event header is logged, and answered with all fields of AWS’s client', async () => {
    await using runtime = await start();
    const headers = { 'lambda-runtime-deadline-ms': 'no number' };
    const result = await runtime.failure({ do: 'healthy' }, { ...ids('damaged'), headers });
    expectAnswer(result, 'Runtime.MalformedEvent');
    await runtime.logged({
      requestId: 'damaged',
      level: 'ERROR',
      message: 'A malformed event arrived',
      errorType: 'Runtime.MalformedEvent',
      errorMessage: expect.stringMatching(/no number/),
    });
  });
});

describe.each(EITHER_LAYOUT)('with invocationsPerThread $perThread', (layout) => {
  it.each([
    {
      event: { do: 'spin' },
      errorType: 'Runtime.ThreadTerminated',
      own: 'An invocation missed its deadline',
    },
    {
      event: { do: 'small objects' },
      errorType: 'Runtime.OutOfMemory',
      own: 'An invocation was lost with its thread',
      options: { resourceLimits: { maxOldGenerationSizeMb: 32 } },
    },
  ])(
    '$event.do: each invocation of the thread is logged once, and the stack is not repeated',
    async ({ event, errorType, own, options }) => {
      // One slot on one thread would be single mode.
      const threads = layout.perThread === 1 ? 2 : 1;
      await using runtime = await startLayout({ ...layout, threads }, { options: options ?? EARLY_DEADLINE });
      await runtime.whenPolling(runtime.slots);
      const waiting = await runtime.neighbours(layout.perThread - 1);
      const timeoutMs = event.do === 'small objects' ? 100_000 : 20_000;
      const result = await runtime.failure(event, { ...ids('guilty'), timeoutMs, whenCapacity: false });
      expectAnswer(result, event.do === 'spin' ? 'Runtime.DeadlineExceeded' : errorType);
      const others = (await waiting.release()) as InvokeError[];
      for (const other of others) expectAnswer(other, errorType);
      await runtime.whenPolling(runtime.slots);
      const lost = { message: 'An invocation was lost with its thread', errorType };
      for (const { requestId } of others) {
        await runtime.logged({ requestId, ...lost, errorMessage: expect.any(String), thread: 1 });
        expect(errorsOf(runtime, requestId)).toHaveLength(1);
      }
      await runtime.logged({ ...ids('guilty'), message: own });
      expect(errorsOf(runtime, 'guilty')).toHaveLength(1);
      const stacks = runtime.log.flatMap(({ stackTrace }) =>
        Array.isArray(stackTrace) ? [stackTrace.filter((line) => line.startsWith('    at ')).join('\n')] : [],
      );
      expect(stacks).toHaveLength(new Set(stacks).size);
      expectRealFields(runtime);
    },
  );
});

function errorsOf(runtime: FaultRuntime, requestId: string): LogLine[] {
  return runtime.log.filter((line) => line['level'] === 'ERROR' && line['requestId'] === requestId);
}

function expectAnswer({ error, xrayErrorCause = '' }: InvokeError, errorType: string): void {
  expect(error).toMatchObject({ errorType, errorMessage: expect.any(String), trace: error?.stackTrace });
  expect(JSON.parse(xrayErrorCause)).toMatchObject({
    working_directory: expect.stringMatching(/^\//),
    exceptions: [{ type: errorType, message: error?.errorMessage, stack: expect.any(Array) }],
    paths: expect.any(Array),
  });
}

/** Expects that no log line contains an error as JSON in a string. */
function expectRealFields(runtime: FaultRuntime): void {
  for (const line of runtime.log) {
    expect(line).not.toHaveProperty('diagnostic');
    for (const value of Object.values(line)) expect(String(value)).not.toMatch(/"errorType"/);
  }
}
