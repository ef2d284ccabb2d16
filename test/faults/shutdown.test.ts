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
/** The test fails if the runtime waits for the whole of this timeout. */
const endless = { shutdownTimeoutMs: 1_000_000_000 };
const REFUSED = 'The answer was too late: Lambda had already ended the invocation';

describe.each(SHAPES)('$mode', ({ mode, threads, start }) => {
  // In single mode, an uncaught error is attributed to the handler and ends the process.
  const ways = mode === SINGLE_MODE ? WAYS.slice(FULL ? 0 : 2, 4) : WAYS;

  it.each(ways)(
    '$way: invocations in flight finish, hooks run, and the exit code is 0',
    async ({ extras, ask }) => {
      await using runtime = await start({
        workerFile: 'hooks.mjs',
        options: patient,
        extras: [...extras, 'main hook'],
      });
      await runtime.whenPolling(runtime.slots);
      const neighbours = await runtime.neighbours(runtime.slots - (runtime.slots > 1 ? 1 : 0));
      ask(runtime);
      // The polls that were open are gone.
      await expect.poll(() => runtime.api.openPolls, { timeout: 60_000 }).toBe(0);
      const results = await neighbours.release();
      expect(statuses(results)).toEqual({ response: results.length });
      expect(await runtime.exited).toEqual(ENDED);
      runtime.expectAnsweredOnce();
      expect(await runtime.made('hook-')).toHaveLength(threads + 1);
    },
  );

  it.each(['wait', 'never settle'])(
    'a handler that does not finish in time (%s) is answered with Runtime.Shutdown',
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

  it('a stop during a preload starts nothing afterwards, and the process ends', async () => {
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
  ] as const)('a second %s ends the process at once, with code %d', async (signal, code) => {
    await using runtime = await start({ options: patient });
    const lost = runtime.api.invoke('{"do":"never settle"}', { whenCapacity: true });
    await runtime.marks('arrived-', 1);
    runtime.child.kill(signal);
    await runtime.logged({ message: 'Stopping', signal });
    // Within 500 ms, it would count as a repetition of the first one.
    await pause(600);
    runtime.child.kill(signal);
    expect(await runtime.exited).toEqual({ code, signal: null });
    expect(posted(await lost).header).toBeUndefined();
  });

  it.each(['throwing', 'rejecting', 'hanging'])(
    '%s hooks in threads and on the main thread do not prevent an orderly exit',
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

  it('refused answers are no errors, and the runtime then waits only for background work', async () => {
    await using runtime = await start({
      workerFile: 'hooks.mjs',
      options: { ...endless, logInvocations: 'all' },
      extras: ['main hook'],
    });
    await runtime.whenPolling(runtime.slots);
    const [gate, background] = [runtime.newGate(), runtime.newGate()];
    // In single mode there is only one invocation.
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

  it('a stream whose invocation Lambda has aborted is a warning, not an error', async () => {
    await using runtime = await start({
      workerFile: 'hooks-and-streams.mjs',
      options: endless,
      extras: ['main hook'],
    });
    await runtime.whenPolling(runtime.slots);
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

  it('an answer that is being retried is delivered before the process exits', async () => {
    await using runtime = await start({ options: patient });
    const { result, takeBack } = await repeatAnAnswer(runtime);
    // Meanwhile its slot runs and answers other invocations.
    await runtime.whenPolling(runtime.slots);
    const others = await runtime.neighbours(runtime.slots);
    expect(statuses(await others.release())).toEqual({ response: runtime.slots });
    runtime.child.kill('SIGTERM');
    await runtime.logged({ message: 'Stopping' });
    takeBack();
    expect((await result).status).toBe('response');
    expect(await runtime.exited).toEqual(ENDED);
  });

  it('the poll after an answer that is being retried is closed at once', async () => {
    await using runtime = await start({ options: patient });
    const { result, takeBack } = await repeatAnAnswer(runtime);
    await runtime.whenPolling(runtime.slots);
    runtime.child.kill('SIGTERM');
    await expect.poll(() => runtime.api.openPolls, { timeout: 60_000 }).toBe(0);
    takeBack();
    expect((await result).status).toBe('response');
    expect(await runtime.exited).toEqual(ENDED);
  });

  it('an answer that cannot be delivered does not keep the process alive', async () => {
    await using runtime = await start();
    runtime.api.faults.always('response', { type: 'status', status: 500 });
    void runtime.result({ do: 'healthy' }, { requestId: 'lost', timeoutMs: 600_000 }).catch(() => undefined);
    await runtime.logged({ requestId: 'lost', message: 'Answering failed, will retry' });
    runtime.child.send('stop');
    expect(await runtime.exited).toEqual(ENDED);
  });

  it('the extension is registered before the first poll, unless registerExtension is false', async () => {
    await using told = await start({});
    await told.whenPolling(told.slots);
    expect(told.api.extensionRegistered).toBe(true);
    await told.api.whenExtensionWaiting();
    await using untold = await start({ options: { registerExtension: false } });
    await untold.expectFullCapacity();
    expect(untold.api.extensionRegistered).toBe(false);
  });

  it('without an Extensions API, the runtime serves and stops as usual', async () => {
    await using runtime = await start({ api: await startRuntimeApiServer({ extensions: false }) });
    await runtime.expectFullCapacity();
    expect(await runtime.stop()).toEqual(ENDED);
  });
});

describe.each(EITHER_LAYOUT)('with $perThread on a thread', (layout) => {
  it('a handler that spins is answered with Runtime.Shutdown, and does not keep the process alive', async () => {
    await using runtime = await startLayout(layout);
    const result = runtime.api.invoke('{"do":"spin"}', { whenCapacity: true });
    await runtime.marks('arrived-', 1);
    expect(await runtime.stop()).toEqual(ENDED);
    expect(posted(await result).errorType).toBe('Runtime.Shutdown');
    runtime.expectAnsweredOnce();
  });

  it('a thread that is still starting is not reported as failed', async () => {
    await using runtime = await startLayout(layout, {
      workerFile: 'loads-if-allowed.mjs',
      env: { GATED: 'yes' },
    });
    await runtime.whenPolling(runtime.slots);
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

/** Starts an invocation whose answer is refused until the fault is taken back. */
async function repeatAnAnswer(runtime: FaultRuntime) {
  await runtime.whenPolling(runtime.slots);
  const requestId = 'repeated';
  const takeBack = runtime.api.faults.always(
    { at: 'response', requestId: (id) => id === requestId },
    { type: 'status', status: 500 },
  );
  const result = runtime.result({ do: 'healthy' }, { requestId });
  await runtime.logged({ requestId, message: 'Answering failed, will retry' });
  return { result, takeBack };
}
