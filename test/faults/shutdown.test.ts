import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import {
  EITHER_LAYOUT,
  FULL,
  ONE_THREAD,
  SHAPES,
  SINGLE_MODE,
  posted,
  startLayout,
  statuses,
} from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const WAYS = [
  { way: 'SIGTERM', extras: [], ask: (runtime: FaultRuntime) => runtime.child.kill('SIGTERM') },
  { way: 'SIGINT', extras: [], ask: (runtime: FaultRuntime) => runtime.child.kill('SIGINT') },
  { way: 'stop()', extras: [], ask: (runtime: FaultRuntime) => runtime.child.send('stop') },
  {
    way: 'the option signal',
    extras: ['signal'],
    ask: (runtime: FaultRuntime) => runtime.child.send('abort'),
  },
  {
    way: 'the option signal, with a listener that throws',
    extras: ['throwing listener'],
    ask: (runtime: FaultRuntime) => runtime.child.send('abort'),
  },
  {
    way: 'SIGINT that a parent process forwards as another signal',
    extras: [],
    ask: ({ child }: FaultRuntime) => child.kill('SIGINT') && child.kill('SIGTERM'),
  },
];

const ENDED = { code: 0, signal: null };
const patient = { shutdownTimeoutMs: 60_000 };
/** What is waited for to its end keeps the process until the test has failed. */
const endless = { shutdownTimeoutMs: 1_000_000_000 };
const REFUSED = 'The answer was too late: Lambda had already ended the invocation';

describe.each(SHAPES)('$mode', ({ mode, threads, start }) => {
  // In single mode an error that escapes is taken for the handler's, and ends the environment.
  const ways = mode === SINGLE_MODE ? WAYS.slice(FULL ? 0 : 2, 4) : WAYS;

  it.each(ways)(
    '$way: what is in flight finishes, hooks run, the exit code is 0',
    async ({ extras, ask }) => {
      await using runtime = await start({
        workerFile: 'hooks.mjs',
        options: patient,
        extras: [...extras, 'main hook'],
      });
      await runtime.whenParked(runtime.slots);
      const neighbours = await runtime.neighbours(runtime.slots - (runtime.slots > 1 ? 1 : 0));
      ask(runtime);
      // The polls that were parked are gone.
      await expect.poll(() => runtime.api.parked, { timeout: 60_000 }).toBe(0);
      const results = await neighbours.release();
      expect(statuses(results)).toEqual({ response: results.length });
      expect(await runtime.exited).toEqual(ENDED);
      runtime.expectAnsweredOnce();
      expect(await runtime.made('hook-')).toHaveLength(threads + 1);
    },
  );

  it.each(['wait', 'never settle'])(
    'what does not finish in time (%s) is answered with Runtime.Shutdown',
    async (what) => {
      await using runtime = await start({ workerFile: 'hooks.mjs', extras: ['main hook'] });
      const events = Array.from({ length: runtime.slots }, () => ({ do: what, gate: 'never' }));
      const results = events.map((event) =>
        runtime.api.invoke(JSON.stringify(event), { whenCapacity: true }),
      );
      await runtime.marks('arrived-', runtime.slots);
      runtime.child.kill('SIGTERM');
      for (const result of await Promise.all(results)) {
        expect(posted(result)).toMatchObject({
          errorType: 'Runtime.Shutdown',
          errorMessage: 'The runtime shut down before the handler returned.',
        });
      }
      expect(await runtime.exited).toEqual(ENDED);
      runtime.expectAnsweredOnce();
      expect(await runtime.made('hook-main')).toHaveLength(1);
    },
  );

  it('while a module is still preloaded: nothing starts afterwards, and the process ends', async () => {
    await using runtime = await start({
      workerFile: 'loads-if-allowed.mjs',
      options: {
        preload: [fileURLToPath(new URL('../fixtures/faults/preload-gated.mjs', import.meta.url))],
        resourceLimits: { maxOldGenerationSizeMb: 64 },
      },
    });
    await runtime.marks('preloading', 1);
    const stopped = once(runtime.child, 'disconnect');
    runtime.child.send('stop');
    await stopped;
    await runtime.open('preload');
    expect(await runtime.exited).toEqual(ENDED);
    expect(await runtime.made('load-')).toEqual([]);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('a second %s ends the process at once, with %d', async (signal, code) => {
    await using runtime = await start({ options: patient });
    const lost = runtime.api.invoke('{"do":"never settle"}', { whenCapacity: true });
    await runtime.marks('arrived-', 1);
    runtime.child.kill(signal);
    await runtime.logged({ message: 'Stopping', signal });
    // Within 500 ms it is taken for the first one.
    await pause(600);
    runtime.child.kill(signal);
    expect(await runtime.exited).toEqual({ code, signal: null });
    expect(posted(await lost).header).toBeUndefined();
  });

  it.each(['throwing', 'rejecting', 'hanging'])(
    '%s hooks, of threads and the main thread: the end is the same',
    async (name) => {
      await using runtime = await start({
        workerFile: 'hooks.mjs',
        extras: [`${name} hook`],
        env: { HOOKS: `${name},mark` },
      });
      await runtime.expectFullCapacity();
      expect(await runtime.stop()).toEqual(ENDED);
      expect(await runtime.made('hook-')).toHaveLength(threads);
      expect(runtime.log).toContainEqual(
        expect.objectContaining({
          message: name === 'hanging' ? 'The onShutdown hook took too long' : 'The onShutdown hook failed',
        }),
      );
    },
  );

  it('answers that Lambda refuses are no errors, and nothing else is waited for but background work', async () => {
    await using runtime = await start({
      workerFile: 'hooks.mjs',
      options: { ...endless, logInvocations: 'all' },
      extras: ['main hook'],
    });
    await runtime.whenParked(runtime.slots);
    const [gate, background] = [runtime.newGate(), runtime.newGate()];
    // In single mode there is but one invocation.
    const others = runtime.slots > 1 ? ['background', 'never'] : [];
    if (others.length > 0) {
      await runtime.invoke({ do: 'background wait', gate: background }, { requestId: 'background' });
      void runtime.result({ do: 'never settle' }, { requestId: 'never' }).catch(() => undefined);
    }
    const refused = runtime.result({ do: 'wait', gate }, { requestId: 'refused' });
    await runtime.marks('arrived-', Math.max(1, others.length));
    expect(runtime.api.abortInvocations()).toBe(Math.max(1, others.length));
    expect(await refused).toMatchObject({ errorType: 'Client.ExecutionEnvironmentShutDown' });
    runtime.child.kill('SIGTERM');
    await runtime.logged({ message: 'Stopping' });
    await runtime.open(gate);
    await runtime.logged({ requestId: 'refused', level: 'WARN', message: REFUSED });
    if (others.length > 0) {
      await runtime.logged({ requestId: 'never', level: 'WARN', message: REFUSED });
      await runtime.open(background);
    }
    expect(await runtime.exited).toEqual(ENDED);
    expect(await runtime.made('background-')).toHaveLength(others.length > 0 ? 1 : 0);
    expect(await runtime.made('hook-')).toHaveLength(threads + 1);
    expect(runtime.log.filter(({ level }) => level === 'ERROR')).toEqual([]);
    const ended = runtime.log.filter(({ message }) => message === 'Invocation ended');
    const became = Object.fromEntries(ended.map(({ requestId, delivery }) => [requestId, delivery]));
    expect(became).toEqual({
      refused: 'aborted',
      ...(others.length > 0 && { background: undefined, never: 'aborted' }),
    });
  });

  it('a stream whose invocation Lambda has aborted is no error', async () => {
    await using runtime = await start({
      workerFile: 'hooks-and-streams.mjs',
      options: endless,
      extras: ['main hook'],
    });
    await runtime.whenParked(runtime.slots);
    const gate = runtime.newGate();
    const event = { do: 'one part, then another', gate };
    const begun = Promise.withResolvers<void>();
    void runtime.result(event, { requestId: 'stream', onChunk: () => begun.resolve() });
    await begun.promise;
    runtime.api.abortInvocations();
    runtime.child.kill('SIGTERM');
    await runtime.logged({ message: 'Stopping' });
    await runtime.open(gate);
    await runtime.logged({ requestId: 'stream', level: 'WARN', message: REFUSED });
    expect(await runtime.exited).toEqual(ENDED);
    expect(await runtime.made('hook-')).toHaveLength(threads + 1);
    expect(runtime.log.filter(({ level }) => level === 'ERROR')).toEqual([]);
    expect(runtime.log).toContainEqual(
      expect.objectContaining({ requestId: 'stream', message: 'Invocation ended', delivery: 'aborted' }),
    );
  });

  it('an answer that is being repeated is delivered before the end', async () => {
    await using runtime = await start({ options: patient });
    const { result, takeBack } = await repeatAnAnswer(runtime);
    // Its slot goes on meanwhile, with another answer.
    await runtime.whenParked(runtime.slots);
    const others = await runtime.neighbours(runtime.slots);
    expect(statuses(await others.release())).toEqual({ response: runtime.slots });
    runtime.child.kill('SIGTERM');
    await runtime.logged({ message: 'Stopping' });
    takeBack();
    expect((await result).status).toBe('response');
    expect(await runtime.exited).toEqual(ENDED);
  });

  it('the poll behind an answer that is being repeated is given up at once', async () => {
    await using runtime = await start({ options: patient });
    const { result, takeBack } = await repeatAnAnswer(runtime);
    await runtime.whenParked(runtime.slots);
    runtime.child.kill('SIGTERM');
    await expect.poll(() => runtime.api.parked, { timeout: 60_000 }).toBe(0);
    takeBack();
    expect((await result).status).toBe('response');
    expect(await runtime.exited).toEqual(ENDED);
  });

  it('an answer that cannot be delivered does not keep the process', async () => {
    await using runtime = await start();
    runtime.api.faults.always('response', { type: 'status', status: 500 });
    void runtime.result({ do: 'healthy' }, { requestId: 'lost', timeoutMs: 600_000 }).catch(() => undefined);
    await runtime.logged({ requestId: 'lost', message: 'Answering failed, will retry' });
    runtime.child.send('stop');
    expect(await runtime.exited).toEqual(ENDED);
  });

  it('the extension is registered before the first poll, or not at all where that is not wanted', async () => {
    await using told = await start({});
    await told.whenParked(told.slots);
    expect(told.api.extensionRegistered).toBe(true);
    await told.api.whenExtensionWaiting();
    await using untold = await start({ options: { registerExtension: false } });
    await untold.expectFullCapacity();
    expect(untold.api.extensionRegistered).toBe(false);
  });

  it('without an Extensions API everything else is the same', async () => {
    await using runtime = await start({ api: await startRuntimeApiServer({ extensions: false }) });
    await runtime.expectFullCapacity();
    expect(await runtime.stop()).toEqual(ENDED);
  });
});

describe.each(EITHER_LAYOUT)('with $perThread on a thread', (layout) => {
  it('a handler that spins is answered with Runtime.Shutdown, and does not keep the process', async () => {
    await using runtime = await startLayout(layout);
    const result = runtime.api.invoke('{"do":"spin"}', { whenCapacity: true });
    await runtime.marks('arrived-', 1);
    expect(await runtime.stop()).toEqual(ENDED);
    expect(posted(await result).errorType).toBe('Runtime.Shutdown');
    runtime.expectAnsweredOnce();
  });

  it('while a thread still starts: it is not missed', async () => {
    await using runtime = await startLayout(layout, {
      workerFile: 'loads-if-allowed.mjs',
      env: { GATED: 'yes' },
    });
    await runtime.whenParked(runtime.slots);
    await writeFile(join(runtime.gates.path, 'gated'), '');
    await runtime.result({ do: 'exit' });
    await runtime.marks('load-', layout.threads + 1);
    expect(await runtime.stop()).toEqual(ENDED);
    expect(runtime.log.map(({ message }) => message)).not.toContain('A thread did not start, will retry');
  });
});

it('hooks do not run in a thread that has crashed and has not ended yet', async () => {
  await using runtime = await startLayout(ONE_THREAD, {
    workerFile: 'hooks.mjs',
    options: { shutdownTimeoutMs: 3_000 },
  });
  const { threadId } = await runtime.invoke<{ threadId: number }>({ do: 'healthy' });
  await runtime.diagnostic({ do: 'throw during native work', seconds: 60 });
  const next = await runtime.invoke<{ threadId: number }>({ do: 'healthy' });
  expect(next.threadId).not.toBe(threadId);
  expect(await runtime.stop()).toEqual(ENDED);
  expect(await runtime.made('hook-')).toEqual([`hook-${next.threadId}`]);
});

/** Its answer is refused again and again until the fault is taken back. */
async function repeatAnAnswer(runtime: FaultRuntime) {
  await runtime.whenParked(runtime.slots);
  const requestId = 'repeated';
  const takeBack = runtime.api.faults.always(
    { at: 'response', requestId: (id) => id === requestId },
    { type: 'status', status: 500 },
  );
  const result = runtime.result({ do: 'healthy' }, { requestId });
  await runtime.logged({ requestId, message: 'Answering failed, will retry' });
  return { result, takeBack };
}
