import { describe, expect, it } from 'vitest';
import { FULL, ONE_THREAD, SINGLE_MODE, startLayout, startSingle } from '../faults/fault-runtime.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';

/** Each kind of death in the faults suite. */
const DEATHS = [
  { do: 'exit', code: 0 },
  { do: 'exit', code: 3 },
  { do: 'exit in a timer', code: 0 },
  { do: 'throw in a timer' },
  { do: 'error of an emitter' },
  { do: 'throw in a tick' },
  { do: 'throw a string' },
  { do: 'throw of argon2' },
  { do: 'rejection' },
  { do: 'callback of sharp' },
  { do: 'rejection of sharp' },
  { do: 'rejection of argon2' },
  { do: 'never settle' },
  { do: 'spin' },
  { do: 'large arrays' },
  ...(FULL
    ? [
        { do: 'small objects' },
        { do: 'a growing map' },
        { do: 'one huge array' },
        { do: 'strings' },
        { do: 'JSON.parse' },
      ]
    : []),
];

const TIMES = 20;

/** These are tried with pino as well. */
const WITH_PINO = ['exit', 'throw in a timer', 'spin'];

const lastWords = (withPino: boolean) => {
  const ways = ['console', 'stdout', ...(withPino ? ['logger', 'own pino'] : [])];
  return Array.from({ length: TIMES }, (_, n) => ways.map((way) => ({ n, way }))).flat();
};

it('lines that a thread logged before it died are written, in order, for each kind of death', async () => {
  await using runtime = await startLayout(
    { perThread: 1, threads: 4 },
    { options: { deadlineGraceMs: 100, resourceLimits: { maxOldGenerationSizeMb: 32 } } },
  );
  await Promise.all(
    DEATHS.map(async (event) => {
      const requestId = `${event.do} ${event.code ?? ''}`.trim().replaceAll(' ', '-');
      const timeoutMs = /^(never|spin|callback|rejection of)/.test(event.do) ? 2_000 : 100_000;
      const withPino = WITH_PINO.includes(event.do);
      await runtime.result({ ...event, say: { times: TIMES, withPino } }, { requestId, timeoutMs });
      await expect.poll(() => wordsOf(runtime, requestId), POLL_OPTIONS).toEqual(lastWords(withPino));
    }),
  );
});

describe('in single mode, lines are written in order', () => {
  it.each([{ do: 'exit', code: 3 }, { do: 'throw in a timer' }])('also right before $do', async (event) => {
    await using runtime = await startSingle();
    await runtime.failure({ ...event, say: { times: TIMES, withPino: true } }, { requestId: 'last' });
    await runtime.exited;
    expect(wordsOf(runtime, 'last')).toEqual(lastWords(true));
  });
});

it.each([
  ['a thread', () => startLayout(ONE_THREAD)],
  [SINGLE_MODE, () => startSingle()],
] as const)(
  'in %s, a line of a timer that fires after the answer is under its own invocation’s id',
  async (_, start) => {
    await using runtime = await start();
    await runtime.invoke({ do: 'log later', gate: 'late' }, { requestId: 'first' });
    await runtime.invoke({ do: 'open, then go on', gate: 'late' }, { requestId: 'second' });
    expect(await runtime.logged({ message: 'from a timer' })).toMatchObject({ requestId: 'first' });
  },
);

function wordsOf(runtime: FaultRuntime, requestId: string): unknown[] {
  return runtime.log
    .filter((line) => line['requestId'] === requestId && typeof line['message'] === 'object')
    .map(({ message }) => message);
}
