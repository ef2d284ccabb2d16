import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { next, respond, url } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer();
});
afterEach(() => server.close());

describe('an invocation', () => {
  it('goes to an open poll and comes back with the response', async () => {
    const polled = next(server);
    await server.whenPolling(1);
    const invoked = server.invoke('{"n":1}', { requestId: 'one' });
    expect(server.openPolls).toBe(0);
    expect(server.inFlight).toBe(1);
    expect(await polled).toMatchObject({ requestId: 'one', text: '{"n":1}' });

    expect((await respond(server, 'one', '{"m":2}')).status).toBe(202);
    expect(await invoked).toMatchObject({
      status: 'response',
      requestId: 'one',
      body: Buffer.from('{"m":2}'),
      contentType: 'application/json',
      mode: 'buffered',
    });
    expect(server.inFlight).toBe(0);
  });

  it('carries bytes untouched, both ways', async () => {
    const polled = fetch(url(server, 'invocation/next'));
    const event = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
    const invoked = server.invoke(event, { requestId: 'bytes', whenCapacity: true });
    expect(new Uint8Array(await (await polled).arrayBuffer())).toEqual(event);
    await respond(server, 'bytes', event);
    expect(await invoked).toMatchObject({ body: Buffer.from(event) });
  });

  it('has only the required headers by default', async () => {
    const before = Date.now();
    const polled = next(server);
    void server.invoke('{}', { whenCapacity: true, timeoutMs: 60_000 });
    const { headers, requestId } = await polled;
    const names = [...headers.keys()].filter((name) => name.startsWith('lambda-')).sort();
    expect(names).toEqual([
      'lambda-runtime-aws-request-id',
      'lambda-runtime-deadline-ms',
      'lambda-runtime-invoked-function-arn',
    ]);
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
    const deadlineMs = Number(headers.get('lambda-runtime-deadline-ms'));
    expect(deadlineMs).toBeGreaterThanOrEqual(before + 60_000);
    expect(deadlineMs).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(headers.has('date')).toBe(false);
    expect(headers.get('content-length')).toBe('2');
  });

  it('has the optional headers if they are given, encoded as UTF-8', async () => {
    const polled = next(server);
    const invoked = server.invoke('{}', {
      requestId: 'optional',
      whenCapacity: true,
      clientContext: '{"custom":{"city":"Zürich"}}',
      cognitoIdentity: '{"cognitoIdentityId":"i"}',
      tenantId: 'blue',
      traceId: 'Root=1-2-3',
      deadlineMs: 32_503_680_000_000,
    });
    const { headers } = await polled;
    const context = Buffer.from(headers.get('lambda-runtime-client-context') ?? '', 'latin1');
    expect(JSON.parse(context.toString())).toEqual({ custom: { city: 'Zürich' } });
    expect(headers.get('lambda-runtime-cognito-identity')).toBe('{"cognitoIdentityId":"i"}');
    expect(headers.get('lambda-runtime-aws-tenant-id')).toBe('blue');
    expect(headers.get('lambda-runtime-trace-id')).toBe('Root=1-2-3');
    expect(headers.get('lambda-runtime-deadline-ms')).toBe('32503680000000');
    // A deadline beyond Node's longest timer does not cause a timeout.
    await respond(server, 'optional', '1');
    expect(await invoked).toMatchObject({ status: 'response' });
  });

  it('can have malformed headers, or omit them', async () => {
    const polled = next(server);
    void server.invoke('{}', {
      whenCapacity: true,
      headers: { 'lambda-runtime-deadline-ms': 'soon', 'Lambda-Runtime-Aws-Request-Id': undefined },
    });
    const { headers } = await polled;
    expect(headers.get('lambda-runtime-deadline-ms')).toBe('soon');
    expect(headers.has('lambda-runtime-aws-request-id')).toBe(false);
  });

  it('rejects values that cannot be sent in a header, and leaves the poll open', async () => {
    const polled = next(server);
    await server.whenPolling(1);
    await expect(server.invoke('{}', { tenantId: 'a\r\nb' })).rejects.toThrow(TypeError);
    expect(server.openPolls).toBe(1);
    void server.invoke('{}');
    await polled;
  });

  it('rejects a request id that is in flight, and leaves the poll open', async () => {
    const polled = next(server);
    const invoked = server.invoke('1', { requestId: 'twin', whenCapacity: true });
    await polled;
    const second = next(server);
    await server.whenPolling(1);
    await expect(server.invoke('2', { requestId: 'twin' })).rejects.toThrow('already in flight');
    expect(server.openPolls).toBe(1);
    await respond(server, 'twin', '1');
    expect(await invoked).toMatchObject({ status: 'response' });
    void server.invoke('3');
    await second;
  });
});

describe('a runtime that exits', () => {
  it('fails the invocations in flight', async () => {
    const invoked = server.invoke('{}', { requestId: 'r', whenCapacity: true });
    await next(server);
    expect(server.runtimeExited('Runtime exited with error: exit status 1')).toBe(1);
    expect(await invoked).toMatchObject({
      status: 'error',
      errorType: 'Runtime.ExitError',
      error: { errorMessage: 'RequestId: r Error: Runtime exited with error: exit status 1' },
    });
    expect((await respond(server, 'r', '1')).status).toBe(400);
  });
});

describe('init errors', () => {
  it('are accepted once with 202, and refused with 403 from then on', async () => {
    const awaited = server.whenInitError();
    const init = (errorType: string) =>
      fetch(url(server, 'init/error'), {
        method: 'POST',
        body: '{"errorMessage":"no handler"}',
        headers: { 'Lambda-Runtime-Function-Error-Type': errorType },
      });
    expect((await init('Runtime.NoHandler')).status).toBe(202);
    expect((await init('odd')).status).toBe(403);
    expect(await awaited).toMatchObject({
      errorType: 'Runtime.NoHandler',
      error: { errorMessage: 'no handler' },
    });
    expect(server.initErrors).toMatchObject([
      { answered: 202 },
      { answered: 403, errorType: 'Runtime.Unknown', rawErrorType: 'odd' },
    ]);
  });

  it('are returned to callers that wait for a poll, until the runtime starts again', async () => {
    const waiting = { whenCapacity: true, orInitError: true };
    await fetch(url(server, 'init/error'), {
      method: 'POST',
      body: '{"errorMessage":"no handler"}',
      headers: { 'Lambda-Runtime-Function-Error-Type': 'Runtime.NoHandler' },
    });
    expect(await server.invoke('1', waiting)).toMatchObject({
      status: 'error',
      errorType: 'Runtime.NoHandler',
    });
    server.runtimeStarts();
    const invoked = server.invoke('2', waiting);
    void next(server).then(({ requestId }) => respond(server, requestId, '3'));
    expect(await invoked).toMatchObject({ status: 'response', body: Buffer.from('3') });
  });

  it('of a failed runtime are also returned to callers that already wait', async () => {
    const waiting = { whenCapacity: true, orInitError: true };
    const failed = { status: 'error', errorType: 'Runtime.ExitError', error: { errorMessage: 'no threads' } };
    const before = server.invoke('1', waiting);
    server.runtimeFailed('no threads');
    expect(await before).toMatchObject(failed);
    expect(await server.invoke('2', waiting)).toMatchObject(failed);
  });
});
