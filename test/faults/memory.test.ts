import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { InitError } from '../../src/local/runtime-api/init-errors.ts';
import { residentMiB } from '../../bench/proc/memory.ts';
import { EITHER_LAYOUT, FULL, posted, startLayout, statuses } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const SMALL_HEAP = { options: { resourceLimits: { maxOldGenerationSizeMb: 32 } } } as const;
const MEMORY_MIB = 600;
const SMALL_MEMORY = { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MEMORY_MIB) } } as const;
const ONE_EACH = { perThread: 1, threads: 4 } as const;

const HEAP_FULL = /ran out of heap memory\. Give the function more memory/;
const MEMORY_FULL =
  /ran out of memory for Buffers and typed arrays\. .*: the process uses \d+ of 600 MiB, and this thread, with \d+ MiB of them/;

function outOfMemory(message: RegExp): object {
  const errorType = 'Runtime.OutOfMemory';
  return { errorType, header: errorType, errorMessage: expect.stringMatching(message) };
}

describe('a thread that holds no invocation', () => {
  it.each([
    { what: 'small objects', given: SMALL_HEAP },
    { what: 'large arrays', given: SMALL_HEAP },
    { what: 'Buffers', given: SMALL_MEMORY },
  ])('$what leak in a timer: the thread is replaced, and the others continue', async ({ what, given }) => {
    await using runtime = await startLayout(ONE_EACH, given);
    const threads = await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(3);
    const { threadId } = await runtime.invoke<{ threadId: number }>({ do: 'leak later', what, gate: 'leak' });
    await runtime.open('leak');
    const { thread } = await runtime.logged({ threadEnd: 'out-of-memory', errorType: 'Runtime.OutOfMemory' });
    expect(statuses(await neighbours.release())).toEqual({ response: 3 });
    const now = await expectHealth(runtime);
    expect(threads.filter((id) => !now.includes(id))).toEqual([threadId]);
    expect(thread).toBeDefined();
  });
});

describe('a module that runs out of memory while it loads', () => {
  it.each([
    { how: 'fills the heap', given: SMALL_HEAP, message: HEAP_FULL },
    { how: 'fills the heap in large steps', given: SMALL_HEAP, message: HEAP_FULL },
    { how: 'fills Buffers', given: SMALL_MEMORY, message: MEMORY_FULL },
  ])('$how: the init error says that memory ran out', async ({ how, given, message }) => {
    const env = { HOW: how, ...('env' in given ? given.env : {}) };
    await using runtime = await startLayout(ONE_EACH, { ...given, env, workerFile: 'cannot-load.mjs' });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.api.initErrors.map(({ error }: InitError) => error)).toEqual([
      expect.objectContaining({
        errorType: 'Runtime.OutOfMemory',
        errorMessage: expect.stringMatching(message),
      }),
    ]);
  });

  it('only in a replacement thread: the start is retried until the module fits', async () => {
    await using runtime = await startLayout(ONE_EACH, { ...SMALL_HEAP, workerFile: 'loads-if-allowed.mjs' });
    await runtime.expectFullCapacity();
    const heavy = join(runtime.gates.path, 'heavy');
    await writeFile(heavy, '');
    await runtime.failure({ do: 'exit', code: 1 });
    const failed = { message: 'A thread did not start, will retry', failures: 2 };
    const { errorMessage } = await runtime.logged(failed);
    expect(errorMessage).toMatch(HEAP_FULL);
    expect(await runtime.invoke({ do: 'healthy', n: 1 })).toMatchObject({ n: 1 });
    await rm(heavy);
    await expectHealth(runtime);
  });
});

describe('V8 heap flags', () => {
  const MAP = { do: 'a growing map' };
  const flags = [
    ...['NODE_OPTIONS', 'command line'].map((where) => ({ flag: '--max-old-space-size=64', where })),
    ...(FULL
      ? ['--max_old_space_size=64', '--max-old-space-size-percentage=0.5', '--max-heap-size=100'].map(
          (flag) => ({
            flag,
            where: 'command line',
          }),
        )
      : []),
  ];

  it.each(flags)(
    '$flag ($where) limits the heap of each thread, and does not end the process',
    async ({ flag, where }) => {
      const given = where === 'NODE_OPTIONS' ? { env: { NODE_OPTIONS: flag } } : { execArgv: [flag] };
      await using runtime = await startLayout(ONE_EACH, given);
      for (const event of [MAP, { do: 'large arrays' }]) {
        expect(await runtime.diagnostic(event)).toMatchObject(outOfMemory(HEAP_FULL));
      }
      await expectHealth(runtime);
    },
  );

  it('yield to the option resourceLimits', async () => {
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const options = { resourceLimits: { maxOldGenerationSizeMb: 400 } };
    await using runtime = await startLayout(ONE_EACH, { env, options });
    const kept = await runtime.invoke({ do: 'keep', items: 6_000_000 });
    expect(kept).toHaveProperty('threadId');
    await expectHealth(runtime);
  });

  it('set by a handler: threads that start later still have a heap limit', async () => {
    await using runtime = await startLayout(ONE_EACH, SMALL_HEAP);
    await runtime.invoke({ do: 'set a flag', flag: '--max-old-space-size=64' });
    await runtime.failure({ do: 'exit', code: 1 });
    await runtime.whenPolling(runtime.slots);
    const events = Array.from({ length: runtime.slots }, () => runtime.diagnostic(MAP));
    for (const error of await Promise.all(events)) expect(error).toMatchObject(outOfMemory(HEAP_FULL));
    await expectHealth(runtime);
  });

  it('much garbage in a large young generation does not end a thread', async () => {
    await using runtime = await startLayout(
      { perThread: 1, threads: 2 },
      { options: { resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 768 } } },
    );
    const event = { do: 'churn', items: 300_000, rounds: 50 };
    await Promise.all([1, 2].map(() => runtime.invoke(event)));
    expect(runtime.log.filter(({ level }) => level === 'ERROR')).toEqual([]);
    await expectHealth(runtime);
  });
});

describe('Buffers and typed arrays', () => {
  const PATTERNS = ['Buffers without end', 'typed arrays without end, with pauses'];

  it.each(EITHER_LAYOUT.flatMap((layout) => PATTERNS.map((pattern) => ({ layout, pattern }))))(
    '$pattern, invocationsPerThread $layout.perThread: only the thread with the most memory ends',
    async ({ layout, pattern }) => {
      await using runtime = await startLayout(layout, SMALL_MEMORY);
      await runtime.expectFullCapacity();
      const neighbours = await runtime.neighbours(runtime.slots - 1);
      expect(await runtime.diagnostic({ do: pattern })).toMatchObject(outOfMemory(MEMORY_FULL));
      const results = await neighbours.release();
      const error = layout.perThread - 1;
      const response = runtime.slots - 1 - error;
      expect(statuses(results)).toEqual(error === 0 ? { response } : { response, error });
      for (const result of results.filter(({ status }) => status === 'error'))
        expect(posted(result)).toMatchObject(outOfMemory(MEMORY_FULL));
      await expectHealth(runtime);
    },
  );

  it('of two threads that hold Buffers, the one that holds more ends', async () => {
    await using runtime = await startLayout(ONE_EACH, SMALL_MEMORY);
    await runtime.whenPolling(4);
    const large = runtime.result({ do: 'hold Buffers', mib: 300, gate: 'end' }, { requestId: 'large' });
    await runtime.marks('arrived-large', 1);
    const small = runtime.result({ do: 'hold Buffers', mib: 150, gate: 'end' }, { requestId: 'small' });
    expect(posted(await large)).toMatchObject(outOfMemory(MEMORY_FULL));
    await runtime.open('end');
    expect((await small).status).toBe('response');
    await expectHealth(runtime);
  });

  it('a full heap ends only its own thread, not another that holds Buffers', async () => {
    await using runtime = await startLayout(ONE_EACH, SMALL_MEMORY);
    await runtime.whenPolling(4);
    const held = runtime.result({ do: 'hold Buffers', mib: 150, gate: 'end' }, { requestId: 'held' });
    await runtime.marks('arrived-held', 1);
    expect(await runtime.diagnostic({ do: 'small objects' })).toMatchObject({
      errorType: 'Runtime.OutOfMemory',
    });
    await runtime.open('end');
    expect((await held).status).toBe('response');
    await expectHealth(runtime);
  });

  it('memory in use about a tenth below the limit ends no thread', async () => {
    await using runtime = await startLayout(ONE_EACH, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '850' } });
    const before = await runtime.expectFullCapacity();
    const held = [1, 2, 3, 4].map((n) =>
      runtime.result({ do: 'hold Buffers', mib: 150, gate: 'end' }, { requestId: `held-${n}` }),
    );
    await runtime.marks('arrived-held-', 4);
    await runtime.open('end');
    expect(statuses(await Promise.all(held))).toEqual({ response: 4 });
    expect((await expectHealth(runtime)).toSorted()).toEqual(before.toSorted());
  });

  it('idle threads free unused memory when the memory is nearly full', async () => {
    await using runtime = await startLayout(ONE_EACH, { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '900' } });
    await runtime.expectFullCapacity();
    const held = [1, 2, 3, 4].map((n) =>
      runtime.result({ do: 'hold Buffers', mib: 150, gate: 'end' }, { requestId: `held-${n}` }),
    );
    await runtime.marks('arrived-held-', 4);
    expect(residentMiB(runtime.child.pid as number)).toBeGreaterThan(0.8 * 900);
    await runtime.open('end');
    expect(statuses(await Promise.all(held))).toEqual({ response: 4 });
    // Nothing else allocates.
    await expect
      .poll(() => residentMiB(runtime.child.pid as number), { timeout: 60_000 })
      .toBeLessThan(0.8 * 900);
    await expectHealth(runtime);
  });

  it('memory that all threads share ends no thread, but logs one warning', async () => {
    await using runtime = await startLayout(ONE_EACH, SMALL_MEMORY);
    const before = await runtime.expectFullCapacity();
    const shared = runtime.result(
      { do: 'hold shared memory', mib: 550, gate: 'end' },
      { requestId: 'shared' },
    );
    await runtime.marks('arrived-shared', 1);
    await runtime.logged({ level: 'WARN', message: expect.stringMatching(/check native memory/) });
    await runtime.open('end');
    expect((await shared).status).toBe('response');
    expect((await expectHealth(runtime)).toSorted()).toEqual(before.toSorted());
    expect(runtime.log.filter(({ message }) => /native memory/.test(String(message)))).toHaveLength(1);
  });
});

async function expectHealth(runtime: FaultRuntime): Promise<number[]> {
  const threads = await runtime.expectFullCapacity();
  runtime.expectAnsweredOnce();
  return threads;
}
