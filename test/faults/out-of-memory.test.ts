import { describe, expect, it } from 'vitest';
import { EITHER_LAYOUT, FULL, posted, startLayout, statuses } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const PATTERNS = [
  'small objects',
  'large arrays',
  ...(FULL ? ['a growing map', 'small objects, with pauses', 'one huge array', 'strings', 'JSON.parse'] : []),
];

const OUT_OF_MEMORY = {
  errorType: 'Runtime.OutOfMemory',
  header: 'Runtime.OutOfMemory',
  errorMessage: expect.stringMatching(/ran out of heap memory\. Give the function more memory/),
};

const LIMITS = [
  { named: 'resourceLimits', given: { options: { resourceLimits: { maxOldGenerationSizeMb: 32 } } } },
  { named: 'the function’s memory', given: { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '500' } } },
] as const;

describe.each(EITHER_LAYOUT)('with invocationsPerThread $perThread', (layout) => {
  it.each(PATTERNS)('%s: only the affected thread ends, and capacity recovers', async (pattern) => {
    await using runtime = await startLayout(layout, LIMITS[0].given);
    await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    expect(await runtime.diagnostic({ do: pattern })).toMatchObject(OUT_OF_MEMORY);
    const results = await neighbours.release();
    const error = layout.perThread - 1;
    const response = runtime.slots - 1 - error;
    expect(statuses(results)).toEqual(error === 0 ? { response } : { response, error });
    for (const result of results.filter(({ status }) => status === 'error')) {
      expect(posted(result)).toMatchObject(OUT_OF_MEMORY);
    }
    await expectHealth(runtime);
  });
});

describe.each(FULL ? LIMITS : LIMITS.slice(1))('limited by $named', ({ given }) => {
  it.each([4, 1])('successive full heaps, threads: %i: each invocation is answered', async (threads) => {
    await using runtime = await startLayout({ perThread: 1, threads }, given);
    for (const pattern of ['small objects', 'a growing map']) {
      expect(await runtime.diagnostic({ do: pattern })).toMatchObject(OUT_OF_MEMORY);
      await expectHealth(runtime);
    }
  });
});

it('much garbage ends no thread if the live objects are within the limit', async () => {
  await using runtime = await startLayout({ perThread: 1, threads: 2 }, LIMITS[0].given);
  const event = { do: 'churn', items: 100_000, rounds: 50 };
  const answers = await Promise.all([1, 2].map(() => runtime.invoke<{ threadId: number }>(event)));
  const threads = await runtime.expectFullCapacity();
  expect(new Set(answers.map(({ threadId }) => threadId))).toEqual(new Set(threads));
  runtime.expectAnsweredOnce();
});

it('a thread that blocks in native code does not prevent heap checks of other threads', async () => {
  await using runtime = await startLayout({ perThread: 1, threads: 2 }, LIMITS[0].given);
  await runtime.whenPolling(2);
  const gate = runtime.newGate();
  const blocked = runtime.result({ do: 'block', gate }, { requestId: 'blocked' });
  await runtime.marks('arrived-blocked', 1);
  // Allocates in steps so large that V8's own limit would end the process.
  const filled = await runtime.diagnostic({ do: 'one huge array' });
  expect(filled).toMatchObject(OUT_OF_MEMORY);
  await runtime.open(gate);
  expect((await blocked).status).toBe('response');
  await expectHealth(runtime);
});

async function expectHealth(runtime: FaultRuntime): Promise<void> {
  await runtime.expectFullCapacity();
  runtime.expectAnsweredOnce();
}
