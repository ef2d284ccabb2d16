import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { MODES, startBootstrap } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import { expectBody, observe, SHAPES, SINGLE } from './streaming-runtime.ts';

describe.each(SHAPES)('a Runtime API that stops reading a stream, $mode', ({ perThread, start }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => (runtime = await start({ logInvocations: 'all' })));
  afterAll(() => runtime[Symbol.asyncDispose]());
  afterEach(() => runtime.expectFullCapacity());

  async function expectClosed(requestId: string): Promise<void> {
    await runtime.marks(`arrived-closed-${requestId}`, 1);
    const said = await readFile(join(runtime.gates.path, `arrived-closed-${requestId}`), 'utf8');
    expect(said).toMatch(
      /^Runtime\.ResponseStreamClosed: The response stream was closed before it had ended\./,
    );
  }

  it.each([
    'events.once',
    'stream.once, for drain and error',
    'stream.once, for drain and close',
    'callbacks of write',
    'pipeline',
    'for await',
    'a web stream',
  ])('refuses it: a handler that waits by %s gets Runtime.ResponseStreamClosed', async (how) => {
    const requestId = `waiting-${how.replaceAll(/\W/g, '-')}`;
    runtime.api.faults.once('response', { type: 'status', status: 413 });
    const result = await runtime.result({ do: 'endless, waiting', how }, { requestId });
    expect(result).toMatchObject({ rawErrorType: 'Function.ResponseSizeTooLarge' });
    await expectClosed(requestId);
  });

  it.each(['drain, after a pause', 'finish, after a pause'])(
    'refuses it before the handler waits for %s: the handler still gets the error',
    async (how) => {
      const [requestId, gate] = [`late-${how.replaceAll(/\W/g, '-')}`, runtime.newGate()];
      runtime.api.faults.once('response', { type: 'status', status: 413 });
      const result = await runtime.result({ do: 'endless, waiting', how, gate }, { requestId });
      expect(result).toMatchObject({ rawErrorType: 'Function.ResponseSizeTooLarge' });
      // The thread is notified before it gets a later event. In single mode, the handler holds the only slot.
      if (perThread !== undefined) await runtime.invoke({ do: 'healthy' });
      await runtime.logged({ requestId, message: 'The Runtime API refused the response stream' });
      await runtime.open(gate);
      await expectClosed(requestId);
    },
  );

  it('accepts it before its end and closes: the answer is not delivered', async () => {
    const requestId = 'cut-off';
    runtime.api.faults.once('response', { type: 'accept-early' });
    const result = await runtime.result({ do: 'endless' }, { requestId });
    expect(result).toMatchObject({ status: 'response' });
    await expectClosed(requestId);
    await runtime.logged({ requestId, level: 'ERROR', message: 'The response stream was interrupted' });
    await runtime.logged({
      requestId,
      message: 'Invocation ended',
      outcome: 'error',
      errorType: 'Runtime.TruncatedResponse',
      delivery: 'failed',
    });
    // The Runtime API would not accept an error either.
    expect(runtime.api.deliveries.get(requestId)).toMatchObject({ accepted: 1, refused: [] });
  });

  it('accepts it before its end and reads on: all of it is sent', async () => {
    const requestId = 'accepted-early';
    runtime.api.faults.once('response', { type: 'status', status: 202 });
    // The server claims to have accepted it, but has not.
    const event = { do: 'one large write', bytes: 5_000_000 };
    const result = await runtime.result(event, { requestId, timeoutMs: 1_000 });
    expect(result).toMatchObject({ status: 'timeout' });
    const line = await runtime.logged({ requestId, message: 'Invocation ended' });
    expect(line).toMatchObject({ bytesOut: 5_000_000 });
    expect(line).not.toHaveProperty('delivery');
  });

  it('resets the connection: the stream fails in the handler, and the slot continues', async () => {
    const requestId = 'reset';
    runtime.api.faults.once('response', { type: 'reset-during' });
    const result = await runtime.result({ do: 'endless' }, { requestId });
    expect(result).toMatchObject({
      status: 'error',
      errorType: 'Runtime.TruncatedResponse',
      midStream: true,
    });
    await expectClosed(requestId);
    await runtime.logged({ requestId, message: 'The response stream was interrupted' });
  });

  it('resets the connection before it has read anything: the caller gets an error', async () => {
    const requestId = 'unread';
    runtime.api.faults.once('response', { type: 'reset-before' });
    expect(await runtime.result({ do: 'endless' }, { requestId })).toMatchObject({
      status: 'error',
      rawErrorType: 'Runtime.TruncatedResponse',
      midStream: false,
    });
    await expectClosed(requestId);
  });

  it.each([
    { status: 413, result: { rawErrorType: 'Function.ResponseSizeTooLarge', midStream: false } },
    { status: 500, result: { rawErrorType: 'Runtime.TruncatedResponse', midStream: false } },
    // The server claims to have accepted it, but has not.
    { status: 400, result: { status: 'timeout' }, options: { timeoutMs: 300 } },
    { status: 410, result: { status: 'timeout' }, options: { timeoutMs: 300 }, delivery: 'late' },
    {
      status: 400,
      body: '{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}',
      result: { status: 'timeout' },
      options: { timeoutMs: 300 },
      delivery: 'aborted',
    },
  ])('refuses with $status $body in the middle: no more is sent', async (refusal) => {
    const { status, body = '', result, options, delivery } = refusal;
    const requestId = `refused-${status}-${delivery ?? ''}`;
    runtime.api.faults.once('response', { type: 'status', status, body });
    expect(await runtime.result({ do: 'endless' }, { ...options, requestId })).toMatchObject(result);
    await expectClosed(requestId);
    await runtime.logged({ requestId, level: delivery === undefined ? 'ERROR' : 'WARN' });
    if (delivery === undefined) return;
    await runtime.logged({ requestId, message: 'Invocation ended', delivery });
    expect(runtime.log).not.toContainEqual(expect.objectContaining({ requestId, level: 'ERROR' }));
  });
});

it.each(MODES)(
  'a stream fails if the runtime cannot load its streaming code, and the slot continues, in %s',
  async (_mode, _settings, options) => {
    await using root = await makeTaskRoot({
      'streams.mjs': `
        export const handler = awslambda.streamifyResponse(async (_event, stream) => {
          stream.write('first');
          await new Promise((resolve) => stream.once('close', resolve));
        });`,
    });
    await using runtime = await startBootstrap(`${root.path}/streams.mjs`, options, {
      sources: true,
      execArgv: ['--import', new URL('../fixtures/bootstraps/no-streams.mjs', import.meta.url).href],
    });
    for (let time = 0; time < 3; time += 1) {
      expect(await runtime.failure({})).toMatchObject({
        rawErrorType: 'Runtime.TruncatedResponse',
        error: { errorMessage: expect.stringMatching(/EMFILE/) },
        midStream: false,
      });
    }
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
    const reason = expect.stringMatching(/EMFILE/);
    const line = { reason, message: 'The response stream cannot be posted' };
    expect(runtime.log.filter(({ level }) => level === 'ERROR')).toMatchObject([line, line, line]);
  },
);

it('a connection that is refused is retried, and the whole stream is sent', async () => {
  await using api = await startRuntimeApiServer();
  const proxy = createServer((socket) => {
    const server = connect(api.port, '127.0.0.1');
    // When one of them closes, the other one is closed too.
    pipeline(socket, server, socket).catch(() => undefined);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  await using runtime = await SINGLE.start({}, { api, address: `127.0.0.1:${port}` });
  await runtime.whenPolling(runtime.slots);
  proxy.close();
  const { result } = observe(runtime, { do: 'one large write', bytes: 3_000_000 });
  await runtime.logged({ message: 'Answering failed, will retry' });
  proxy.listen(port, '127.0.0.1');
  expectBody(await result, Buffer.alloc(3_000_000, 'x'));
  runtime.expectAnsweredOnce();
  proxy.close();
});

it('a connection that is refused until the deadline has passed is given up', async () => {
  await using api = await startRuntimeApiServer();
  const listener = createServer((socket) => {
    pipeline(socket, connect(api.port, '127.0.0.1'), socket).catch(() => undefined);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  await using runtime = await SINGLE.start({}, { api, address: `127.0.0.1:${port}` });
  await runtime.whenPolling(runtime.slots);
  listener.close();
  const requestId = 'lost';
  const event = JSON.stringify({ do: 'one large write', bytes: 3_000_000 });
  const invoked = api.invoke(event, { requestId, timeoutMs: 300 });
  await runtime.logged({ requestId, level: 'ERROR', message: 'The answer could not be delivered' });
  expect(await invoked).toMatchObject({ status: 'timeout' });
});
