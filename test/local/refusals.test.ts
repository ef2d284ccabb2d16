import { InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InvokeResult } from '../../src/local/invoke.ts';
import { DeliveryLog, OpenInvocations } from '../../src/local/open-invocations.ts';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { fail, next, openSocket, post, respond, url } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer({ functionName: 'resize', concurrency: 1 });
});
afterEach(() => server.close());

const MIB = 1024 * 1024;

describe('an answer that is too large', () => {
  it('is refused with 400 if its request id is unknown', async () => {
    expect((await respond(server, 'unknown', 'x'.repeat(6 * MIB + 101))).status).toBe(400);
    expect((await fail(server, 'unknown', 'x'.repeat(MIB + 1))).status).toBe(400);
  });

  it('is refused with 413 as an init error, which is not recorded', async () => {
    const body = 'x'.repeat(MIB + 1);
    expect((await fetch(url(server, 'init/error'), { method: 'POST', body })).status).toBe(413);
    expect(server.initErrors).toEqual([]);
  });
});

it.each([
  ['POST', 'invocation/r'],
  ['POST', 'invocation/r/answer'],
  ['GET', 'invocation/r/response'],
])('%s %s is not a request of the Runtime API', async (method, path) => {
  const response = await fetch(url(server, path), method === 'GET' ? {} : { method, body: '{}' });
  expect(response.status).toBe(404);
});

it('after a stream that breaks off before its first byte, another answer is accepted', async () => {
  const result = server.invoke('{}', { requestId: 'r', whenCapacity: true });
  await next(server);
  const { socket, until } = await openSocket(server);
  socket.write(
    [
      'POST /2018-06-01/runtime/invocation/r/response HTTP/1.1',
      `Host: ${server.address}`,
      'Lambda-Runtime-Function-Response-Mode: streaming',
      'Transfer-Encoding: chunked',
      // The server says when it has the headers.
      'Expect: 100-continue\r\n\r\n',
    ].join('\r\n'),
  );
  await until('100 Continue');
  expect((await respond(server, 'r', '"other"')).status).toBe(400);
  socket.destroy();
  await expect.poll(async () => (await respond(server, 'r', '"again"')).status).toBe(202);
  expect(await result).toMatchObject({ status: 'response', body: Buffer.from('"again"') });
});

it('a streaming call beyond the concurrency is throttled', async () => {
  const client = new LambdaClient({
    endpoint: `http://${server.address}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  const held = server.invoke('{}', { whenCapacity: true });
  const command = new InvokeWithResponseStreamCommand({ FunctionName: 'resize' });
  await expect(client.send(command)).rejects.toMatchObject({ name: 'TooManyRequestsException' });
  const { requestId } = await next(server);
  await respond(server, requestId, '1');
  await held;
  client.destroy();
});

describe('a fault', () => {
  it('that concerns a request body does not affect a poll, which has no body', async () => {
    server.faults.once({ at: 'next', requestId: () => true }, { type: 'accept-early' });
    const result = server.invoke('"event"', { whenCapacity: true });
    const { requestId, text } = await next(server);
    expect(text).toBe('"event"');
    expect(server.faults.met).toBe(1);
    await respond(server, requestId, '1');
    expect(await result).toMatchObject({ status: 'response' });
  });

  it('in the middle of a request that has no body resets the connection at once', async () => {
    server.faults.once('init-error', { type: 'reset-during' });
    const { socket, ended } = await openSocket(server);
    socket.write(post(server, 'init/error', ''));
    expect(await ended).toBe('ECONNRESET');
    expect(server.initErrors).toEqual([]);
  });
});

it('whenPolling() rejects at once if the server is closed', async () => {
  await server.close();
  await expect(server.whenPolling(1)).rejects.toThrow('closed');
});

it('remembers 10,000 timeouts, and refuses answers to earlier ones like those to unknown ids', async () => {
  const invocations = new OpenInvocations(new DeliveryLog(1));
  const ends = Array.from({ length: 10_001 }, (_, index) => {
    const { promise, resolve } = Promise.withResolvers<InvokeResult>();
    const invocation = {
      requestId: `r${index}`,
      onChunk: undefined,
      keepStream: true,
      resolve,
      stream: undefined,
      streamedBytes: 0,
      timeout: undefined,
    };
    invocations.add(invocation);
    invocations.setTimeout(invocation, 0);
    return promise;
  });
  const statuses = new Set((await Promise.all(ends)).map(({ status }) => status));
  expect(statuses).toEqual(new Set(['timeout']));
  expect(['r0', 'r1', 'r10000'].map((id) => invocations.refuse(id).status)).toEqual([400, 410, 410]);
});
