import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { EARLY_DEADLINE, MODES, TWO_THREADS, lineOf, linesOf, timed } from './observed-runtime.ts';

const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

describe.each(MODES)('the line at the end of an invocation in $mode', ({ mode, slots, start }) => {
  const single = mode === 'single mode';
  let runtime: FaultRuntime;
  beforeAll(async () => {
    runtime = await start({ options: { ...(!single && { threads: 1 }), logInvocations: 'all' } });
    await runtime.whenPolling(1);
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('describes the invocation', async () => {
    const event = { do: 'healthy', n: 12 };
    const more = { requestId: 'first', tenantId: 'tenant-7', traceId: TRACE };
    const { body } = await runtime.response(JSON.stringify(event), more);
    const line = await lineOf(runtime, 'first');
    expect(line).toEqual({
      level: 'INFO',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      message: 'Invocation ended',
      requestId: 'first',
      tenantId: 'tenant-7',
      traceId: TRACE,
      outcome: 'response',
      durationMs: expect.any(Number),
      dispatchMs: expect.any(Number),
      handlerMs: expect.any(Number),
      cpuMs: expect.any(Number),
      overDeadlineMs: 0,
      slot: 0,
      thread: single ? 0 : 1,
      firstOnThread: true,
      inFlight: 1,
      bytesIn: Buffer.byteLength(JSON.stringify(event)),
      bytesOut: body.byteLength,
      heapUsedBytes: expect.any(Number),
    });
    const [duration, dispatch, handler] = ['durationMs', 'dispatchMs', 'handlerMs'].map((key) =>
      Number(line[key]),
    );
    expect(dispatch).toBeGreaterThan(0);
    expect(handler).toBeGreaterThan(0);
    expect(duration).toBeGreaterThanOrEqual((dispatch ?? 0) + (handler ?? 0));
    expect(line['heapUsedBytes']).toBeGreaterThan(1_000_000);

    await runtime.invoke({ do: 'healthy' }, { requestId: 'second' });
    expect(await lineOf(runtime, 'second')).toMatchObject({ thread: line['thread'], firstOnThread: false });
    expect(await lineOf(runtime, 'second')).not.toHaveProperty('tenantId');
  });

  it('names the error that the caller got', async () => {
    const { body } = await runtime.failure({ do: 'fail' }, { requestId: 'refused' });
    expect(await lineOf(runtime, 'refused')).toMatchObject({
      outcome: 'error',
      errorType: 'Refused',
      bytesOut: body.byteLength,
      handlerMs: expect.any(Number),
      cpuMs: expect.any(Number),
    });
  });

  it('reports a missed deadline, and the time beyond it', async () => {
    await using runtime = await start({
      api: await startRuntimeApiServer({ enforceTimeout: false }),
      options: { deadlineGraceMs: 50, onDeadline: 'keep' },
    });
    const { body } = await runtime.failure({ do: 'never settle' }, { requestId: 'late', timeoutMs: 300 });
    const line = await lineOf(runtime, 'late');
    expect(line).toMatchObject({
      outcome: 'deadline',
      errorType: 'Runtime.DeadlineExceeded',
      bytesOut: body.byteLength,
    });
    expect(line['overDeadlineMs']).toBeGreaterThan(0);
    expect(line).not.toHaveProperty('dispatchMs');
    expect(line).not.toHaveProperty('handlerMs');
  });

  it('follows background work, with its duration', async () => {
    const gate = runtime.newGate();
    await runtime.invoke({ do: 'background wait', gate }, { requestId: 'behind' });
    expect(linesOf(runtime, 'behind')).toEqual([]);
    await runtime.open(gate);
    const line = await lineOf(runtime, 'behind');
    expect(line).toMatchObject({ outcome: 'response', background: 'done' });
    expect(line['backgroundMs']).toBeGreaterThan(0);
  });

  it('reports that a deadline ended background work', async () => {
    await using runtime = await start({ options: EARLY_DEADLINE });
    await runtime.invoke({ do: 'background never' }, { requestId: 'cut', ...timed });
    expect(await lineOf(runtime, 'cut')).toMatchObject({ outcome: 'response', background: 'deadline' });
  });

  it('is written at the end of the runtime if the answer was not acknowledged', async () => {
    await using runtime = await start({ options: { shutdownTimeoutMs: 50, logInvocations: 'all' } });
    runtime.api.faults.always('response', { type: 'hang' });
    void runtime.api.invoke('{"do":"healthy"}', { requestId: 'untaken', whenCapacity: true });
    await expect.poll(() => runtime.api.faults.met, POLL_OPTIONS).toBeGreaterThan(0);
    await runtime.stop();
    expect(linesOf(runtime, 'untaken')).toMatchObject([{ outcome: 'response' }]);
  });

  it('counts the bytes of a stream to its end', async () => {
    await using runtime = await start({ workerFile: 'streams.mjs', options: { logInvocations: true } });
    const parts = ['one ', 'two ', 'three'];
    await runtime.result({ do: 'write', parts }, { requestId: 'streamed' });
    expect(await lineOf(runtime, 'streamed')).toMatchObject({
      outcome: 'response',
      bytesOut: parts.join('').length,
      handlerMs: expect.any(Number),
      dispatchMs: expect.any(Number),
    });
    expect(await lineOf(runtime, 'streamed')).not.toHaveProperty('background');
  });

  it('reports an answer that was too large, and one that was late', async () => {
    await runtime.failure({ do: 'large', bytes: 7_000_000 }, { requestId: 'large' });
    expect(await lineOf(runtime, 'large')).toMatchObject({ outcome: 'response', delivery: 'replaced' });
    runtime.api.faults.once('response', { type: 'status', status: 410 });
    const forgotten = runtime.api.invoke('{"do":"healthy"}', {
      requestId: 'gone',
      timeoutMs: 500,
      whenCapacity: true,
    });
    expect(await lineOf(runtime, 'gone')).toMatchObject({ outcome: 'response', delivery: 'late' });
    await forgotten;
  });

  it('reports a shutdown', async () => {
    await using runtime = await start();
    await runtime.whenPolling(slots);
    const wait = { do: 'wait', gate: runtime.newGate() };
    const cut = runtime.result(wait, { requestId: 'cut' });
    await runtime.marks('arrived-cut', 1);
    await runtime.stop();
    expect(linesOf(runtime, 'cut')).toMatchObject([{ outcome: 'shutdown', errorType: 'Runtime.Shutdown' }]);
    await cut.catch(() => undefined);
  });

  it.each([
    ['the option logInvocations is none', { options: { logInvocations: 'none' } }],
    ['the option logInvocations is false', { options: { logInvocations: false } }],
    ['only warnings are logged', { env: { AWS_LAMBDA_LOG_LEVEL: 'WARN' } }],
  ] as const)('is not written when %s', async (_when, given) => {
    await using runtime = await start(given);
    await runtime.invoke({ do: 'healthy' });
    await runtime.failure({ do: 'fail' });
    await runtime.whenPolling(slots);
    await runtime.stop();
    expect(runtime.output.stdout).not.toContain('Invocation ended');
  });
});

describe.each(MODES)('by default, in $mode', ({ slots, start }) => {
  it('a plain success has no line', async () => {
    await using runtime = await start();
    await runtime.invoke({ do: 'healthy' }, { requestId: 'plain' });
    const gate = runtime.newGate();
    await runtime.invoke({ do: 'background wait', gate }, { requestId: 'background' });
    await runtime.open(gate);
    await runtime.whenPolling(slots);
    await runtime.failure({ do: 'fail' }, { requestId: 'failed' });
    expect(await lineOf(runtime, 'failed')).toMatchObject({ outcome: 'error', errorType: 'Refused' });
    expect(linesOf(runtime, 'plain')).toEqual([]);
    expect(linesOf(runtime, 'background')).toEqual([]);
  });

  it('background work that fails has a line', async () => {
    await using runtime = await start();
    await runtime.invoke({ do: 'background failure' }, { requestId: 'failed' });
    expect(await lineOf(runtime, 'failed')).toMatchObject({ outcome: 'response', background: 'error' });
  });

  it('a streaming handler that is stopped after the end of its stream has a line', async () => {
    await using runtime = await start({ workerFile: 'streams.mjs', options: EARLY_DEADLINE });
    await runtime.result({ do: 'end, and never settle' }, { requestId: 'stopped', ...timed });
    const line = await lineOf(runtime, 'stopped');
    expect(line).toMatchObject({ outcome: 'response', background: 'deadline' });
    expect(line).not.toHaveProperty('backgroundMs');
  });

  it('a streaming handler that fails after the end of its stream has a line', async () => {
    await using runtime = await start({ workerFile: 'streams.mjs' });
    await runtime.result({ do: 'end, and throw' }, { requestId: 'failed' });
    expect(await lineOf(runtime, 'failed')).toMatchObject({ outcome: 'response', background: 'error' });
  });

  it('a success after more than 80 % of the time has a line that says so', async () => {
    await using runtime = await start({
      api: await startRuntimeApiServer({ enforceTimeout: false }),
      options: { deadlineGraceMs: 60_000 },
    });
    // The deadline has passed when the handler answers.
    await runtime.invoke({ do: 'healthy' }, { deadlineMs: Date.now() + 1, requestId: 'slow' });
    expect(await lineOf(runtime, 'slow')).toMatchObject({ outcome: 'response', nearDeadline: true });
  });
});

describe('the line of an invocation whose thread was lost', () => {
  it.each([
    ['exited', { do: 'exit', code: 1 }, 'Runtime.ExitError'],
    ['had an error that nobody caught', { do: 'throw in a timer' }, 'PaymentLost'],
  ])('reports the crash of a thread that %s', async (_how, event, errorType) => {
    await using runtime = await TWO_THREADS.start();
    await runtime.failure(event, { requestId: 'lost' });
    const line = await lineOf(runtime, 'lost');
    expect(line).toMatchObject({ outcome: 'crash', errorType, thread: expect.any(Number) });
    expect(line).not.toHaveProperty('handlerMs');
  });

  it('reports the crash of background work', async () => {
    await using runtime = await TWO_THREADS.start();
    const gate = runtime.newGate();
    await runtime.invoke({ do: 'background exit', gate }, { requestId: 'lost' });
    await runtime.open(gate);
    expect(await lineOf(runtime, 'lost')).toMatchObject({ outcome: 'response', background: 'crash' });
  });
});

it('a stream that fails after its first bytes has their number in its line', async () => {
  await using runtime = await TWO_THREADS.start({ workerFile: 'streams.mjs' });
  await runtime.result({ do: 'throw after' }, { requestId: 'broken' });
  expect(await lineOf(runtime, 'broken')).toMatchObject({
    outcome: 'error',
    errorType: 'Refused',
    bytesOut: 4,
  });
});

it('the command writes no line with --no-log-invocations', async () => {
  await using runtime = await TWO_THREADS.start({ command: true, args: ['--no-log-invocations'] });
  await runtime.failure({ do: 'fail' });
  await runtime.stop();
  expect(runtime.output.stdout).not.toContain('Invocation ended');
});
