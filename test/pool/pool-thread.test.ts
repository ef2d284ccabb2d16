import { createHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { encodeThrown } from '../../src/invocation/diagnostic.ts';
import type { Invocation } from '../../src/invocation/invocation.ts';
import type { InvocationObserver, ThreadObserver } from '../../src/observability/observer.ts';
import { OutputLock } from '../../src/output/output-lock.ts';
import { PendingInvocation } from '../../src/pool/pending-invocation.ts';
import { PoolThread } from '../../src/pool/pool-thread.ts';
import type { ThreadStart } from '../../src/pool/thread-start.ts';
import { assertTransition } from '../../src/pool/thread-state.ts';
import type { ThreadState } from '../../src/pool/thread-state.ts';

const DIAGNOSTIC = encodeThrown(new RangeError('no'));

/** An observer that ignores everything. */
const silent = new Proxy({}, { get: (_, name) => (name === 'wantsUsage' ? false : () => undefined) });

function startThread(data: object): { thread: PoolThread; heard: string[]; ready: Promise<void> } {
  const heard: string[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const locks = { stdout: OutputLock.share(), stderr: OutputLock.share(), frames: OutputLock.share() };
  const settings = {
    ...data,
    shared: { services: undefined, data },
    log: { locks },
    eventLoopDelay: createHistogram(),
  };
  const start = {
    id: 1,
    observer: silent as ThreadObserver,
    entry: fileURLToPath(new URL('../fixtures/pool/served.mjs', import.meta.url)),
    settings: settings as unknown as ThreadStart['settings'],
    resourceLimits: {},
    initTimeoutMs: 60_000,
    shutdownTimeoutMs: 0,
  };
  const thread = new PoolThread(start, {
    onOutOfService: ({ state }) => heard.push(`out of service when ${state}`),
    onStateChange: ({ state }, from) => {
      heard.push(`${from} → ${state}`);
      if (state === 'ready') resolve();
    },
    onMessage: ({ state }, { type }) => heard.push(`${type} when ${state}`),
  });
  return { thread, heard, ready };
}

function pending(id: number): PendingInvocation {
  const invocation = { metadata: { requestId: `id-${id}`, deadlineMs: Infinity }, event: '{}' };
  return new PendingInvocation(id, invocation as unknown as Invocation, silent as InvocationObserver);
}

it('a thread that has ended is out of service before its last messages are read', async () => {
  const flag = new SharedArrayBuffer(8);
  const flags = new Int32Array(flag);
  const { thread, heard, ready } = startThread({ do: 'spin', flag });
  await ready;
  thread.run(pending(1));
  thread.run(pending(2));
  // From here to the end, the test blocks its own event loop, so that the replies wait in the port.
  Atomics.store(flags, 0, 1);
  Atomics.notify(flags, 0);
  Atomics.wait(flags, 1, 0);
  thread.terminate({ kind: 'stopped' });
  expect(heard).toEqual([
    'starting → ready',
    'out of service when ended',
    'response when ended',
    'response when ended',
    'ready → ended',
  ]);
  expect(() => thread.run(pending(3))).toThrow('A thread that is ended cannot run an invocation.');
  await thread.exited;
});

it.each([
  [
    { type: 'start-failed', diagnostic: DIAGNOSTIC },
    { kind: 'start-failed', diagnostic: DIAGNOSTIC },
  ],
  [
    { type: 'uncaught-error', origin: 'uncaughtException', diagnostic: DIAGNOSTIC },
    { kind: 'uncaught-error', message: { diagnostic: DIAGNOSTIC } },
  ],
])(
  'a thread reports the end reason of its last message rather than an exit code: %o',
  async (message, reason) => {
    const flag = new SharedArrayBuffer(8);
    const flags = new Int32Array(flag);
    const { thread, ready } = startThread({ do: 'spin', flag, lastWords: [message] });
    await ready;
    Atomics.store(flags, 0, 1);
    Atomics.notify(flags, 0);
    Atomics.wait(flags, 1, 0);
    thread.terminate({ kind: 'exit', code: 1 });
    expect(thread.endReason).toMatchObject(reason);
    await thread.exited;
  },
);

it('refuses illegal state transitions', () => {
  const states: ThreadState[] = ['starting', 'ready', 'retiring', 'ending', 'ended'];
  const possible = states.flatMap((from) =>
    states
      .filter((to) => {
        try {
          assertTransition(from, to);
          return true;
        } catch (error) {
          expect((error as Error).message).toBe(`A thread that is ${from} cannot become ${to}.`);
          return false;
        }
      })
      .map((to) => `${from} → ${to}`),
  );
  expect(possible).toEqual([
    'starting → ready',
    'starting → ending',
    'starting → ended',
    'ready → retiring',
    'ready → ended',
    'retiring → ending',
    'retiring → ended',
    'ending → ended',
  ]);
});
