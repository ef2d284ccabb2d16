import { describe, expect, it } from 'vitest';
import { FULL, LAYOUTS, startLayout, startSingle } from './fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from './fault-runtime.ts';

/**
 * The long form has Lambda's clock, and the default of `shutdownTimeoutMs`; `npm run test:faults` runs it when no other test uses
 * the cores. The short form runs beside other tests on a few cores:
 * it gives the steps three times as long, all of them being shares of the same total, and kills only what does not end by itself.
 */
const KILL_AFTER_MS = FULL ? 600 : 20_000;
const options = FULL ? {} : { shutdownTimeoutMs: 1500 };

interface Situation {
  readonly when: string;
  /** What is in flight. */
  readonly event?: object;
  readonly given?: FaultOptions;
  /** Of how many threads the hooks cannot run. */
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

/** Of one thread; the others are idle. */
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

  it.each(SITUATIONS)('$when: all hooks run, and the last line is out', async (situation) => {
    await expectOrderlyEnd(start, situation, layout.threads * layout.perThread, layout.threads);
  });

  it.each(OF_A_THREAD)('$when: the hooks of the others run, and the last line is out', async (situation) => {
    await expectOrderlyEnd(start, situation, 1, layout.threads);
  });
});

describe(`single mode, killed after ${KILL_AFTER_MS} ms`, () => {
  it.each(SITUATIONS)('$when: all hooks run, and the last line is out', async (situation) => {
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
  await runtime.whenParked(runtime.slots);
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
  // Node then ends the process in some 20 ms, or in 300 where the machine is busy: nothing depends on that any more.
  if (!FULL) expect(exit).toEqual({ code: 0, signal: null });
}
