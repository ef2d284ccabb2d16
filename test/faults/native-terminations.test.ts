import { describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { FULL, startLayout } from './fault-runtime.ts';

/** 100 in all in the long run. */
const TIMES = FULL ? 50 : 6;

describe('a thread that is terminated in the middle of native work', () => {
  it.each(['sharp', 'argon2'])('of %s: the process lives, and capacity is back', async (library) => {
    await using runtime = await startLayout(
      { perThread: 1, threads: 2 },
      {
        api: await startRuntimeApiServer({ timeoutMs: 120_000 }),
        workerFile: 'native-work.mjs',
        // Ends it when it has worked for some 100 ms.
        options: { deadlineMarginMs: 59_900, deadlineGraceMs: 0 },
        env: { LIBRARY: library, UV_THREADPOOL_SIZE: '4' },
      },
    );
    for (let done = 0; done < TIMES; done += 2) {
      const errors = await Promise.all(
        [1, 2].map(() => runtime.diagnostic({ do: 'work' }, { timeoutMs: 60_000 })),
      );
      for (const { errorType } of errors) expect(errorType).toBe('Runtime.DeadlineExceeded');
    }
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
    const deaths = runtime.log.filter(({ message }) => message === 'A thread was lost and is replaced');
    expect(deaths.length).toBe(TIMES);
    // Each was at work.
    expect(await runtime.made('working-')).toHaveLength(TIMES);
  });
});
