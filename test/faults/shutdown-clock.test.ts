import { describe, expect, it } from 'vitest';
import { FULL, LAYOUTS, startLayout, startSingle } from './fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from './fault-runtime.ts';

/**
 * With `FULL`, the tests have Lambda's time limit and the default of `shutdownTimeoutMs`: `npm run
 * test:faults` runs them when no other test uses the cores. Otherwise they run beside other tests on a few
 * cores: the steps, which are shares of one total, get three times as long, and only what hangs is killed.
 */
const KILL_AFTER_MS = FULL ? 600 : 20_000;
const options = FULL ? {} : { shutdownTimeoutMs: 1500 };

interface Situation {
  readonly when: string;
  /** The event of the invocations in flight. */
  readonly event?: object;
  readonly given?: FaultOptions;
  /** The number of threads whose hooks cannot run. */
  readonly withoutHooks?: number;
  readonly log?: readonly string[];
  readonly before?: (runtime: FaultRuntime) => void;
}

const neverSettles = { do: 'never settle' };

const SITUATIONS: readonly Situation[] = [
  { when: 'nothing is in flight' },
  { when: 'handlers never settle', event: neverSettles },
  {
    when: 'Lambda has aborted the invocations',
    event: neverSettles,
    before: (runtime) => void runtime.api.abortInvocations(),
  },
  {
    when: 'streams are in progress',
    event: neverSettles,
    given: { workerFile: 'hooks-and-streams.mjs' },
  },
  {
    when: 'background work never settles',
    event: { do: 'background never, and arrive' },
    log: ['Background work was lost'],
  },
  {
    when: 'hooks hang',
    event: neverSettles,
    given: { env: { HOOKS: 'hanging,mark' }, extras: ['main hook that hangs'] },
    log: ['The onShutdown hook took too long'],
  },
  {
    when: 'hooks throw',
    event: neverSettles,
    given: { env: { HOOKS: 'throwing,rejecting,mark' }, extras: ['main hook that throws later'] },
  },
  {
    when: 'hooks throw in a timer',
    event: neverSettles,
    given: { env: { HOOKS: 'throwing later,mark' }, extras: ['main hook that throws later'] },
  },
];

/** Situations of one thread while the others are idle. */
const OF_A_THREAD: readonly Situation[] = [
  { when: 'a handler spins', event: { do: 'spin' }, withoutHooks: 1 },
  {
    when: 'a handler blocks its thread in native code',
    event: { do: 'block for', seconds: (2 * KILL_AFTER_MS) / 1000 },
    withoutHooks: 1,
  },
];

describe.each(LAYOUTS)(`$threads threads for $perThread each, killed after ${KILL_AFTER_MS} ms`, (layout) => {
  const start = (given: FaultOptions) => startLayout(layout, given);

  it.each(SITUATIONS)('$when: all hooks run; the last line is written', async (situation) => {
    await expectOrderlyEnd(start, situation, layout.threads * layout.perThread, layout.threads);
  });

  it.each(OF_A_THREAD)('$when: hooks of other threads run; the last line is written', async (situation) => {
    await expectOrderlyEnd(start, situation, 1, layout.threads);
  });
});

describe(`single mode, killed after ${KILL_AFTER_MS} ms`, () => {
  it.each(SITUATIONS)('$when: all hooks run; the last line is written', async (situation) => {
    await expectOrderlyEnd(startSingle, situation, 1, 1);
  });
});

async function expectOrderlyEnd(
  start: (given: FaultOptions) => Promise<FaultRuntime>,
  { event, given, withoutHooks = 0, log = [], before }: Situation,
  inFlight: number,
  threads: number,
): Promise<void> {
  await using runtime = await start({ workerFile: 'hooks.mjs', options, extras: ['main hook'], ...given });
  await runtime.whenPolling(runtime.slots);
  if (event !== undefined) {
    for (let n = 0; n < inFlight; n += 1)
      void runtime.api.invoke(JSON.stringify(event), { whenCapacity: true, requestId: `open-${n}` });
    await runtime.marks('arrived-open-', inFlight);
  }
  before?.(runtime);
  runtime.child.kill('SIGTERM');
  const killer = setTimeout(() => runtime.child.kill('SIGKILL'), KILL_AFTER_MS);
  const exit = await runtime.exited;
  clearTimeout(killer);
  const made = await runtime.made('hook-');
  expect(made).toContain('hook-main');
  expect(made).toHaveLength(threads + 1 - withoutHooks);
  const messages = runtime.log.map(({ message }) => message);
  expect(messages).toEqual(expect.arrayContaining([...log]));
  expect(messages.at(-1)).toBe('The runtime has stopped');
  // Node.js then needs about 20 ms to end the process, or 300 ms on a busy machine. Nothing depends on that.
  if (!FULL) expect(exit).toEqual({ code: 0, signal: null });
}
