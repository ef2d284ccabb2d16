import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../helpers/process-output.ts';
import {
  LAYOUTS,
  ONE_THREAD,
  posted,
  responses,
  startLayout,
  startSingle,
  statuses,
} from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

/** The deadline is far away, so that no error can come from it. */
const IDS = { requestId: 'request-1', tenantId: 'tenant-1', timeoutMs: 600_000 };

const FAILING_CAPTURE = new URL('../fixtures/preloads/failing-capture.cjs', import.meta.url);

const REJECTED = { errorType: 'RangeError', errorMessage: 'nobody awaits it' };
const THROWN = { errorType: 'RangeError', errorMessage: 'from a timer' };
const UNHANDLED = { errorType: 'Runtime.UnhandledPromiseRejection' };
const OF_LISTENER = { errorType: 'SyntaxError', errorMessage: 'the listener failed' };
const EXIT = { errorType: 'Runtime.ExitError' };

/** What the module's listeners do, what the handler does, and which error its caller gets. */
const CASES = [
  { listen: '', event: 'reject', error: UNHANDLED },
  { listen: '', event: 'throw in a timer', error: THROWN },
  { listen: 'rethrow rejections', event: 'reject', error: REJECTED },
  { listen: 'rethrow rejections', event: 'reject after a while', error: REJECTED },
  {
    listen: 'rethrow rejections wrapped',
    event: 'reject',
    error: { errorType: 'TypeError', errorMessage: 'wrapped', cause: REJECTED },
  },
  { listen: 'rethrow rejections later', event: 'reject', error: REJECTED },
  { listen: 'exit on rejections', event: 'reject', error: EXIT },
  { listen: 'swallow uncaught', event: 'throw in a timer', error: THROWN },
  { listen: 'swallow uncaught', event: 'reject', error: UNHANDLED },
  { listen: 'swallow uncaught,rethrow rejections', event: 'reject', error: REJECTED },
  { listen: 'exit on uncaught', event: 'throw in a timer', error: THROWN },
  { listen: 'exit after uncaught', event: 'throw in a timer', error: THROWN },
  { listen: 'no other listeners', event: 'throw in a timer', error: THROWN },
  { listen: 'no monitors', event: 'throw in a timer', error: THROWN },
  { listen: 'no listeners at all', event: 'throw in a timer', error: THROWN },
  { listen: 'no listeners at all', event: 'reject', error: UNHANDLED },
  { listen: 'capture uncaught', event: 'throw in a timer', error: THROWN },
];

/** Listeners that fail themselves, and the errors that are logged. */
const FAILING = [
  { listen: 'rethrow uncaught', logged: [THROWN, THROWN] },
  { listen: 'throw on uncaught', logged: [THROWN, OF_LISTENER] },
  { listen: 'throw in a monitor', logged: [THROWN, OF_LISTENER] },
  { listen: 'throw in a monitor,swallow uncaught', logged: [THROWN, OF_LISTENER] },
  { listen: 'throw in a capture callback', logged: [THROWN, OF_LISTENER] },
  { listen: 'exit in a capture callback', logged: [THROWN] },
  ...('addUncaughtExceptionCaptureCallback' in process
    ? [{ listen: 'throw in an added capture callback', logged: [THROWN, OF_LISTENER] }]
    : []),
];

describe.each(LAYOUTS)('with invocationsPerThread $perThread', (layout) => {
  it.each(CASES)('listeners ($listen): $event fails its invocation', async ({ listen, event, error }) => {
    await using runtime = await startLayout(layout, { workerFile: 'errors.mjs', env: { LISTEN: listen } });
    await runtime.whenPolling(runtime.slots);
    expect(await runtime.diagnostic({ do: event }, IDS)).toMatchObject(error);
    await runtime.logged({ message: UNCAUGHT });
    expect(escapes(runtime)).toMatchObject([{ requestId: IDS.requestId, tenantId: IDS.tenantId, ...error }]);
    // The thread is replaced, whatever the listener does.
    await runtime.whenPolling(runtime.slots);
    await runtime.invoke({ do: 'healthy' });
    runtime.expectAnsweredOnce();
    expect(escapes(runtime)).toHaveLength(1);
  });

  it('a listener that swallows rejections lets the handler continue', async () => {
    const env = { LISTEN: 'swallow rejections' };
    await using runtime = await startLayout(layout, { workerFile: 'errors.mjs', env });
    const gate = runtime.newGate();
    const result = runtime.invoke({ do: 'reject, and go on', gate }, IDS);
    await runtime.open(gate);
    expect(await result).toEqual({ threadId: expect.any(Number) });
    expect(escapes(runtime)).toEqual([]);
  });

  it('a listener that swallows uncaught errors keeps the thread if all invocations are answered', async () => {
    const env = { LISTEN: 'swallow uncaught' };
    const one = { ...layout, threads: 1 };
    await using runtime = await startLayout(one, { workerFile: 'errors.mjs', env });
    const gate = runtime.newGate();
    const { threadId } = await runtime.invoke<{ threadId: number }>({ do: 'throw when answered', gate }, IDS);
    await runtime.open(gate);
    await runtime.marks(`done-${gate}`, 1);
    expect(await runtime.invoke({ do: 'healthy' })).toEqual({ threadId });
    expect(escapes(runtime)).toEqual([]);
  });
});

describe.each([ONE_THREAD, { perThread: 3, threads: 1 }])('with one thread, slots: $perThread', (layout) => {
  it.each(FAILING)(
    'a failing listener ($listen): the caller gets the error, the others their responses',
    async ({ listen, logged }) => {
      await using runtime = await startLayout(layout, { workerFile: 'errors.mjs', env: { LISTEN: listen } });
      await runtime.whenPolling(runtime.slots);
      const neighbours = await runtime.neighbours(runtime.slots - 1);
      expect(await runtime.diagnostic({ do: 'throw in a timer' }, IDS)).toMatchObject(THROWN);
      expect(statuses(await neighbours.release())).toEqual(responses(runtime.slots - 1));
      await runtime.whenPolling(runtime.slots);
      await runtime.invoke({ do: 'healthy' });
      runtime.expectAnsweredOnce();
      expect(escapes(runtime)).toMatchObject(logged.map((error) => ({ ...error, requestId: IDS.requestId })));
      expect(runtime.output.stderr).toBe('');
    },
  );
});

it('if a capture callback ends the thread, the other invocations fail with Runtime.ThreadLost', async () => {
  const execArgv = ['--require', fileURLToPath(FAILING_CAPTURE)];
  await using runtime = await startLayout(
    { perThread: 3, threads: 1 },
    { workerFile: 'errors.mjs', execArgv },
  );
  await runtime.whenPolling(runtime.slots);
  const neighbours = await runtime.neighbours(runtime.slots - 1);
  expect(await runtime.diagnostic({ do: 'throw in a timer' }, IDS)).toMatchObject(THROWN);
  for (const result of await neighbours.release()) {
    const { errorType, errorMessage, stackTrace } = posted(result);
    expect({ errorType, stackTrace }).toEqual({ errorType: 'Runtime.ThreadLost', stackTrace: [] });
    expect(errorMessage).toMatch(/lost to an error .* in the invocation request-1/);
  }
  await runtime.whenPolling(runtime.slots);
  await runtime.invoke({ do: 'healthy' });
  runtime.expectAnsweredOnce();
  // Node.js then calls process.exit() itself; the runtime may log that as well.
  expect(escapes(runtime)[0]).toMatchObject({ requestId: IDS.requestId, ...THROWN });
});

describe('in single mode', () => {
  it.each(FAILING)(
    'a failing listener ($listen): the caller gets the error, then the process ends',
    async ({ listen, logged }) => {
      await using runtime = await startSingle({ workerFile: 'errors.mjs', env: { LISTEN: listen } });
      expect(await runtime.result({ do: 'throw in a timer' }, IDS)).toMatchObject({
        status: 'error',
        error: THROWN,
      });
      await runtime.logged({ message: 'The runtime cannot continue' });
      await runtime.exited;
      runtime.expectAnsweredOnce();
      expect(escapes(runtime)).toMatchObject(logged.map((error) => ({ ...error, requestId: IDS.requestId })));
    },
  );

  it.each(CASES.filter((each) => !isDealtWith(each)))(
    'listeners ($listen): $event fails its invocation and ends the process',
    async ({ listen, event, error }) => {
      await using runtime = await startSingle({ workerFile: 'errors.mjs', env: { LISTEN: listen } });
      expect(await runtime.result({ do: event }, IDS)).toMatchObject({ status: 'error', error });
      // There is no thread to replace.
      expect(await runtime.exited).toEqual({ code: 1, signal: null });
      runtime.expectAnsweredOnce();
      expect(escapes(runtime)).toMatchObject([
        { requestId: IDS.requestId, tenantId: IDS.tenantId, ...error },
      ]);
      const errors = runtime.log.filter(({ level }) => level === 'ERROR');
      expect(errors.map(({ message }) => message)).toEqual([
        'Uncaught error in a handler',
        'The runtime cannot continue',
      ]);
    },
  );

  it.each(CASES.filter(isDealtWith))(
    'listeners for uncaught errors ($listen): $event fails its invocation, but the process continues',
    async ({ listen, event, error }) => {
      await using runtime = await startSingle({ workerFile: 'errors.mjs', env: { LISTEN: listen } });
      expect(await runtime.diagnostic({ do: event }, IDS)).toMatchObject(error);
      expect(await runtime.invoke({ do: 'healthy' })).toEqual({ threadId: 0 });
      // Each error is reported, and a deliberate exit still ends the process.
      const ids = { ...IDS, requestId: 'request-2' };
      expect(await runtime.diagnostic({ do: event }, ids)).toMatchObject(error);
      expect(await runtime.result({ do: 'exit at once' })).toMatchObject({ status: 'error', error: EXIT });
      // The listener also receives the rejection of run().
      await runtime.exited;
      runtime.expectAnsweredOnce();
      expect(escapes(runtime)).toMatchObject([
        { requestId: IDS.requestId, tenantId: IDS.tenantId, ...error },
        { requestId: ids.requestId, tenantId: IDS.tenantId, ...error },
        EXIT,
      ]);
    },
  );

  it('process.exit in the handler is answered and logged once', async () => {
    await using runtime = await startSingle({ workerFile: 'errors.mjs' });
    const result = runtime.api.invoke(JSON.stringify({ do: 'exit at once' }), { whenCapacity: true, ...IDS });
    expect(await result).toMatchObject({ status: 'error', error: EXIT });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(
      runtime.log.filter(({ requestId, level }) => requestId === IDS.requestId && level === 'ERROR'),
    ).toMatchObject([{ message: 'Uncaught error in a handler', ...EXIT }]);
  });
});

const UNCAUGHT = 'Uncaught error in a handler';

function escapes(runtime: FaultRuntime): LogLine[] {
  return runtime.log.filter(({ message }) => message === UNCAUGHT);
}

/** Whether a listener handles the uncaught error, so that the process may continue. */
function isDealtWith({ listen }: (typeof CASES)[number]): boolean {
  return /swallow uncaught|capture uncaught/.test(listen);
}
