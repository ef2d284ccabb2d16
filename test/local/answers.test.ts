import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { fail, get, next, openSocket, post, respond } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer();
});
afterEach(() => server.close());

describe('an answer', () => {
  // An async function would wait for the result, so the promise travels in an object.
  async function open(requestId: string, timeoutMs = 30_000) {
    const result = server.invoke('{}', { requestId, timeoutMs, whenCapacity: true });
    await next(server);
    return { result };
  }

  it('is accepted once; a second copy is refused with 400', async () => {
    const { result } = await open('once');
    expect((await respond(server, 'once', '1')).status).toBe(202);
    const again = await respond(server, 'once', '1');
    expect(again.status).toBe(400);
    expect(await again.json()).toEqual({ errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' });
    expect((await fail(server, 'once', '{}')).status).toBe(400);
    await result;
    expect(server.deliveries.get('once')).toEqual({
      requestId: 'once',
      handedOver: 1,
      accepted: 1,
      refused: [400, 400],
      outcome: 'response',
    });
  });

  it('is refused with 400 for a request id that was never handed out', async () => {
    expect((await respond(server, 'stranger', '1')).status).toBe(400);
    expect(server.deliveries.get('stranger')).toMatchObject({
      handedOver: 0,
      refused: [400],
      outcome: 'unknown',
    });
  });

  it('is refused with 410 after the deadline, when the caller has received a timeout', async () => {
    const { result } = await open('late', 20);
    expect(await result).toEqual({
      status: 'timeout',
      requestId: 'late',
      errorType: 'Sandbox.Timedout',
      errorMessage: 'RequestId: late Error: Task timed out after 0.02 seconds',
      received: Buffer.alloc(0),
    });
    const refused = await respond(server, 'late', '1');
    expect(refused.status).toBe(410);
    expect(await refused.json()).toMatchObject({ errorType: 'InvokeTimeout' });
    expect((await fail(server, 'late', '{}')).status).toBe(410);
    expect(server.deliveries.get('late')).toMatchObject({
      accepted: 0,
      refused: [410, 410],
      outcome: 'timeout',
    });
  });

  it('is accepted after the deadline if deadlines are not enforced', async () => {
    await using lax = await startRuntimeApiServer({ enforceTimeout: false });
    const invoked = lax.invoke('{}', { requestId: 'x', deadlineMs: 1, whenCapacity: true });
    expect((await next(lax)).headers.get('lambda-runtime-deadline-ms')).toBe('1');
    expect((await respond(lax, 'x', '1')).status).toBe(202);
    expect(await invoked).toMatchObject({ status: 'response' });
  });

  it('may have 6 MiB and 100 bytes', async () => {
    const limit = 6 * 1024 * 1024 + 100;
    const { result } = await open('large');
    expect((await respond(server, 'large', new Uint8Array(limit))).status).toBe(202);
    expect(await result).toMatchObject({ body: { length: limit } });
  });

  it('is refused with 413 above that; the caller gets an error, and another answer gets 400', async () => {
    const bytes = 6 * 1024 * 1024 + 101;
    const { result } = await open('larger');
    expect((await respond(server, 'larger', new Uint8Array(bytes))).status).toBe(413);
    expect(await result).toMatchObject({
      status: 'error',
      errorType: 'Function.ResponseSizeTooLarge',
      error: {
        errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${bytes - 1} bytes).`,
      },
    });
    expect((await fail(server, 'larger', '{}')).status).toBe(400);
    expect(server.deliveries.get('larger')).toMatchObject({ accepted: 0, refused: [413, 400] });
  });

  it('to an aborted invocation is refused with 400, after its caller has received an error', async () => {
    const { result } = await open('aborted');
    expect(server.abortInvocations()).toBe(1);
    expect(await result).toMatchObject({
      status: 'error',
      errorType: 'Client.ExecutionEnvironmentShutDown',
      error: { errorType: 'Client.ExecutionEnvironmentShutDown' },
    });
    const refused = await respond(server, 'aborted', '1');
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errorType: 'InvalidRequestID' });
    expect(server.deliveries.get('aborted')).toMatchObject({ accepted: 0, outcome: 'error' });
  });

  it('to /error may have 1 MiB', async () => {
    const { result } = await open('error');
    expect((await fail(server, 'error', new Uint8Array(1024 * 1024 + 1))).status).toBe(413);
    expect((await fail(server, 'error', new Uint8Array(1024 * 1024))).status).toBe(202);
    expect(await result).toMatchObject({ status: 'error', error: undefined });
  });

  it('with an error has the error type that Lambda records', async () => {
    const body = '{"errorType":"TypeError","errorMessage":"no","stackTrace":["at x"]}';
    for (const [sent, recorded] of [
      ['Function.TypeError', 'Function.TypeError'],
      ['Runtime.ThreadExit', 'Runtime.ThreadExit'],
      ['TypeError', 'Runtime.Unknown'],
      ['Sandbox.Runtime.Ab', 'Runtime.Unknown'],
      [undefined, 'Runtime.Unknown'],
    ] as const) {
      const { result } = await open('failing');
      expect((await fail(server, 'failing', body, sent)).status).toBe(202);
      expect(await result).toMatchObject({
        status: 'error',
        errorType: recorded,
        rawErrorType: sent,
        error: { errorType: 'TypeError', errorMessage: 'no', stackTrace: ['at x'] },
        midStream: false,
      });
    }
  });

  it('can have an X-Ray cause of 1 MB', async () => {
    const { result } = await open('traced');
    const cause = JSON.stringify({ message: 'x'.repeat(1000_000) });
    const socket = await openSocket(server);
    const head = `POST /2018-06-01/runtime/invocation/traced/error HTTP/1.1\r\nHost: ${server.address}\r\nContent-Length: 2\r\n`;
    socket.socket.write(`${head}Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\n\r\n{}`);
    expect(await result).toMatchObject({ status: 'error', xrayErrorCause: cause });
    socket.socket.destroy();
  });

  it('is accepted even if the caller has given up', async () => {
    const controller = new AbortController();
    const invoked = server.invoke('{}', { requestId: 'left', whenCapacity: true, signal: controller.signal });
    await next(server);
    controller.abort(new Error('gone'));
    await expect(invoked).rejects.toThrow('gone');
    expect((await respond(server, 'left', '1')).status).toBe(202);
  });

  it('may be pipelined with the next poll in one write', async () => {
    const { socket, until, text } = await openSocket(server);
    const { result } = await open('piped');
    const following = server.invoke('"following"', { requestId: 'following', whenCapacity: true });
    socket.write(post(server, 'invocation/piped/response', '"done"') + get(server, 'invocation/next'));
    await until('"following"');
    expect(await result).toMatchObject({ body: Buffer.from('"done"') });
    expect(text()).toMatch(/^HTTP\/1\.1 202[^]*HTTP\/1\.1 200/);
    await respond(server, 'following', '1');
    await following;
    socket.destroy();
  });

  it('is processed even if it is pipelined behind an open poll', async () => {
    const { result } = await open('behind');
    const { socket, until } = await openSocket(server);
    socket.write(get(server, 'invocation/next') + post(server, 'invocation/behind/response', '"done"'));
    expect(await result).toMatchObject({ body: Buffer.from('"done"') });
    expect(server.openPolls).toBe(1);
    void server.invoke('"more"');
    await until('HTTP/1.1 202');
    socket.destroy();
  });
});
