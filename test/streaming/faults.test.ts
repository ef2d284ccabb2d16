import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { STREAM_WINDOW_BYTES } from '../../src/protocol.ts';
import { FULL, statuses } from '../faults/fault-runtime.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { EITHER_MODE, expectBody, observe, SHAPES, SINGLE } from './streaming-runtime.ts';

/** The runtime answers about half a second after the event, long before the platform. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
const timed = { timeoutMs: 20_000 };
const LONG_TIMEOUT = { timeoutMs: 100_000 };

/** An error in the trailers, after the first part. */
const midStream = (rawErrorType: string, error: object = {}, received = 'half') => ({
  status: 'error',
  midStream: true,
  received: Buffer.from(received),
  rawErrorType,
  error,
});

describe.each(SHAPES)('streams that fail, $mode', ({ start, perThread }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => {
    runtime = await start({ ...EARLY_DEADLINE, resourceLimits: { maxOldGenerationSizeMb: 32 } });
  });
  afterAll(() => runtime[Symbol.asyncDispose]());
  afterEach(async () => {
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it.each(['throw before', 'throw before, corked'])('%s the first byte: an ordinary error', async (what) => {
    expect(await runtime.result({ do: what }, LONG_TIMEOUT)).toMatchObject({
      status: 'error',
      midStream: false,
      rawErrorType: 'Function.Refused',
      error: { errorType: 'Refused', errorMessage: 'nothing was written' },
    });
  });

  it('throw after the first byte: the error is in the trailers', async () => {
    const error = { errorType: 'Refused', errorMessage: 'after the first byte' };
    expect(await runtime.result({ do: 'throw after' }, LONG_TIMEOUT)).toMatchObject(
      midStream('Function.Refused', error),
    );
  });

  it('throw a long message: the message is truncated to fit into the trailers', async () => {
    const message = '\u0001ü'.repeat(50_000);
    const result = await runtime.failure({ do: 'throw after', message }, LONG_TIMEOUT);
    expect(result).toMatchObject(midStream('Function.Refused', { errorType: 'Refused' }));
    expect(result.error?.errorMessage).toMatch(/^(?:\u0001ü){100}… \(\d+ more characters\)$/);
    expect(result.body.byteLength).toBeLessThanOrEqual(2800);
  });

  it('throw after the end: the response is complete, and the error is logged', async () => {
    const gate = runtime.newGate();
    const requestId = `late-${gate}`;
    const result = await runtime.result({ do: 'throw after the end', gate }, { ...LONG_TIMEOUT, requestId });
    expect(result).toMatchObject({ status: 'response', body: Buffer.from('whole') });
    await runtime.open(gate);
    await runtime.logged({ requestId, errorMessage: 'after the end', level: 'ERROR' });
  });

  it('end, and throw at once: the response is complete, and the error is logged', async () => {
    const requestId = 'at-once';
    const result = await runtime.result({ do: 'end, and throw' }, { ...LONG_TIMEOUT, requestId });
    expect(result).toMatchObject({ status: 'response', body: Buffer.from('whole') });
    await runtime.logged({ requestId, errorMessage: 'after the end', level: 'ERROR' });
  });

  it('a source fails in a pipeline: its error is in the trailers', async () => {
    expect(await runtime.result({ do: 'source fails' }, LONG_TIMEOUT)).toMatchObject(
      midStream('Function.SourceFailed', { errorType: 'SourceFailed' }),
    );
  });

  it('the handler destroys its stream: the caller gets Runtime.TruncatedResponse', async () => {
    expect(await runtime.result({ do: 'destroy after' }, LONG_TIMEOUT)).toMatchObject(
      midStream('Runtime.TruncatedResponse', { errorMessage: expect.stringMatching(/was destroyed/) }),
    );
  });

  it.each([
    'write',
    'end',
    'write, with a listener',
    'write, with a callback',
    'write, and wait for drain',
    'many writes',
  ])('%s after the end: the response is complete, and the error is logged once', async (how) => {
    const requestId = `after-the-end-${how.replaceAll(/\W/g, '-')}`;
    // More than may be sent at once.
    const event = { do: 'write after the end', how, bytes: 3 * STREAM_WINDOW_BYTES };
    expectBody(await runtime.result(event, { ...LONG_TIMEOUT, requestId }), Buffer.alloc(event.bytes, 'x'));
    const code = 'ERR_STREAM_WRITE_AFTER_END';

    const { stackTrace } = await runtime.logged({ requestId, level: 'ERROR', code });
    expect(stackTrace).toContainEqual(expect.stringContaining('streams.mjs'));
    await runtime.logged({
      requestId,
      message: 'Invocation ended',
      outcome: 'response',
      background: 'error',
    });
    expect(
      runtime.log.filter((line) => line['requestId'] === requestId && line['level'] === 'ERROR'),
    ).toHaveLength(1);
    if (how === 'write, with a listener') await runtime.marks(`arrived-heard-${requestId}`, 1);
  });

  it('a handler that returns without ending the stream: the stream fails at the deadline', async () => {
    expect(await runtime.result({ do: 'never end' }, timed)).toMatchObject(
      midStream('Runtime.DeadlineExceeded'),
    );
  });

  it.each(perThread === 1 ? [] : ['endless, late'])(
    '%s: a stream that begins after the deadline is discarded',
    async (what) => {
      // These invocations keep their retired thread alive.
      const neighbours = await runtime.neighbours(runtime.slots - 1);
      const gate = runtime.newGate();
      const requestId = 'late';
      expect(await runtime.result({ do: what, gate }, { ...timed, requestId })).toMatchObject({
        status: 'error',
        rawErrorType: 'Runtime.DeadlineExceeded',
      });
      await runtime.open(gate);
      await runtime.marks(`arrived-closed-${requestId}`, 1);
      await neighbours.release();
    },
  );

  // In single mode there is no thread to terminate.
  const faults =
    perThread === undefined
      ? [{ event: 'never settle', errorType: 'Runtime.DeadlineExceeded', options: timed }]
      : [
          { event: 'never settle', errorType: 'Runtime.DeadlineExceeded', options: timed },
          { event: 'then spin', errorType: 'Runtime.DeadlineExceeded', options: timed },
          { event: 'then exit', errorType: 'Runtime.ExitError', options: LONG_TIMEOUT },
          { event: 'then throw in a timer', errorType: 'Function.PaymentLost', options: LONG_TIMEOUT },
          ...(FULL || perThread > 1
            ? [{ event: 'then fill the heap', errorType: 'Runtime.OutOfMemory', options: LONG_TIMEOUT }]
            : []),
        ];

  it.each(faults)('$event: $errorType is in the trailers', async ({ event, errorType, options }) => {
    const gate = runtime.newGate();
    const { first, result } = observe(runtime, { do: event, gate }, options);
    expect(await first).toBe('half');
    await runtime.open(gate);
    expect(await result).toMatchObject(midStream(errorType));
  });

  it.each(perThread === undefined ? [] : ['throw in a drain'])(
    '%s: only its own stream fails',
    async (what) => {
      await runtime.whenPolling(runtime.slots);
      const neighbours = await runtime.neighbours(runtime.slots - 1);
      expect(await runtime.failure({ do: what }, LONG_TIMEOUT)).toMatchObject({
        midStream: true,
        error: { errorType: 'PaymentLost' },
      });
      expect(statuses(await neighbours.release())).toEqual({ response: runtime.slots - 1 });
    },
  );
});

describe.each(EITHER_MODE)('shutdown with a stream in flight, $mode', ({ start }) => {
  it('lets the stream finish in time', async () => {
    await using runtime = await start({ shutdownTimeoutMs: 60_000 });
    const gate = runtime.newGate();
    const { first, result } = observe(runtime, { do: 'one part, then another', gate });
    await first;
    runtime.child.kill('SIGTERM');
    await expect.poll(() => runtime.api.openPolls, { timeout: 60_000 }).toBe(0);
    await runtime.open(gate);
    expect(await result).toMatchObject({ status: 'response', body: Buffer.from('first second') });
    expect(await runtime.exited).toEqual({ code: 0, signal: null });
    runtime.expectAnsweredOnce();
  });

  it('ends the stream with Runtime.Shutdown when the time is up', async () => {
    await using runtime = await start();
    const result = runtime.api.invoke('{"do":"never settle"}', { whenCapacity: true, requestId: 'open' });
    await runtime.marks('arrived-open', 1);
    runtime.child.kill('SIGTERM');
    expect(await result).toMatchObject(midStream('Runtime.Shutdown'));
    expect(await runtime.exited).toEqual({ code: 0, signal: null });
  });
});

it('process.exit in single mode: the stream ends with Runtime.ExitError, then the process ends', async () => {
  await using runtime = await SINGLE.start();
  const gate = runtime.newGate();
  const event = JSON.stringify({ do: 'then exit', gate });
  const arrived = Promise.withResolvers<unknown>();
  const result = runtime.api.invoke(event, { whenCapacity: true, onChunk: arrived.resolve });
  await arrived.promise;
  await runtime.open(gate);
  expect(await result).toMatchObject(midStream('Runtime.ExitError'));
  expect(await runtime.exited).toMatchObject({ code: 1 });
});
