import { InvokeCommand, LambdaClient, type InvokeCommandInput } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { fail, next, respond } from './runtime.ts';

let server: RuntimeApiServer;
let client: LambdaClient;
beforeEach(async () => {
  server = await startRuntimeApiServer({ functionName: 'resize' });
  client = new LambdaClient({
    endpoint: `http://${server.address}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

function call(input: Partial<InvokeCommandInput> = {}) {
  return client.send(new InvokeCommand({ FunctionName: 'resize', Payload: '{"n":1}', ...input }));
}

function post(path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`http://${server.address}${path}`, { method: 'POST', body });
}

describe("AWS's SDK", () => {
  it('invokes the function', async () => {
    const polled = next(server);
    await server.whenPolling(1);
    const called = call({
      ClientContext: Buffer.from('{ "custom":\n{"k":"v"} }').toString('base64'),
      TenantId: 'blue',
    });
    const { requestId, text, headers } = await polled;
    expect(text).toBe('{"n":1}');
    expect(headers.get('lambda-runtime-client-context')).toBe('{"custom":{"k":"v"}}');
    expect(headers.get('lambda-runtime-aws-tenant-id')).toBe('blue');
    await respond(server, requestId, '{"m":2}');
    const output = await called;
    expect(output).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(output.FunctionError).toBeUndefined();
    expect(output.$metadata.requestId).toBe(requestId);
    expect(output.Payload?.transformToString()).toBe('{"m":2}');
  });

  it('invokes with an empty object if it sends no payload', async () => {
    const polled = next(server);
    await server.whenPolling(1);
    const called = client.send(new InvokeCommand({ FunctionName: 'resize' }));
    const { requestId, text } = await polled;
    expect(text).toBe('{}');
    await respond(server, requestId, 'null');
    await called;
  });

  it("gets a function's error", async () => {
    const polled = next(server);
    await server.whenPolling(1);
    const called = call();
    const { requestId } = await polled;
    await fail(server, requestId, '{"errorType":"TypeError","errorMessage":"no"}', 'Function.TypeError');
    const output = await called;
    expect(output).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(output.Payload?.transformToString()).toBe('{"errorType":"TypeError","errorMessage":"no"}');
  });

  it('gets the last 4 KiB of the log of its own invocation', async () => {
    const polls = [next(server), next(server)];
    await server.whenPolling(2);
    const called = call({ LogType: 'Tail' });
    const without = call({ Payload: '{"n":2}' });
    const [first, second] = await Promise.all(polls);
    const [mine, other] = first?.text === '{"n":1}' ? [first, second] : [second, first];
    server.logged(JSON.stringify({ requestId: mine?.requestId, message: `${'x'.repeat(5000)}é` }));
    server.logged('a line of nobody');
    server.logged(JSON.stringify({ requestId: other?.requestId, message: 'not mine' }));
    server.logged(JSON.stringify({ requestId: mine?.requestId, message: 'last' }));
    await respond(server, other?.requestId ?? '', '2');
    await respond(server, mine?.requestId ?? '', '1');
    const log = Buffer.from((await called).LogResult ?? '', 'base64');
    expect(log).toHaveLength(4096);
    expect(log.toString()).toMatch(/^x+é"}\n\{.*"message":"last"}\n$/);
    expect((await without).LogResult).toBeUndefined();
  });

  it('gets lines without a request id if no other invocation runs', async () => {
    const polled = next(server);
    await server.whenPolling(1);
    const called = call({ LogType: 'Tail' });
    const { requestId } = await polled;
    server.logged('plain text');
    server.logged('{no JSON');
    server.logged('{"requestId":1}');
    await fail(server, requestId, '{}', 'Function.Error');
    const output = await called;
    expect(Buffer.from(output.LogResult ?? '', 'base64').toString()).toBe(
      'plain text\n{no JSON\n{"requestId":1}\n',
    );
    expect(output.FunctionError).toBe('Unhandled');
  });

  it('gets a timeout as a function error', async () => {
    await using quick = await startRuntimeApiServer({ timeoutMs: 20 });
    const polled = next(quick);
    await quick.whenPolling(1);
    const response = await fetch(`http://${quick.address}/2015-03-31/functions/function/invocations`, {
      method: 'POST',
      body: '{}',
    });
    const { requestId } = await polled;
    expect(response.status).toBe(200);
    expect(response.headers.get('x-amz-function-error')).toBe('Unhandled');
    expect(await response.json()).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId} Error: Task timed out after 0.02 seconds`,
    });
  });

  it('sends an event and does not wait for its result', async () => {
    const output = await call({ InvocationType: 'Event' });
    expect(output.StatusCode).toBe(202);
    expect(output.Payload?.length ?? 0).toBe(0);
    const { requestId, text } = await next(server);
    expect(text).toBe('{"n":1}');
    expect((await respond(server, requestId, 'null')).status).toBe(202);
  });

  it('passes on any client context, also with the invocation type Event', async () => {
    const context = { custom: { city: 'Zürich 東京', odd: '\0\t\n\x1f\x7f\x9f\u2028\ud800' } };
    const output = await call({
      InvocationType: 'Event',
      ClientContext: Buffer.from(JSON.stringify(context)).toString('base64'),
    });
    expect(output.StatusCode).toBe(202);
    const { headers } = await next(server);
    const bytes = Buffer.from(headers.get('lambda-runtime-client-context') ?? '', 'latin1');
    expect(JSON.parse(bytes.toString())).toEqual(context);
  });

  it('makes a dry run', async () => {
    expect((await call({ InvocationType: 'DryRun' })).StatusCode).toBe(204);
    expect(server.inFlight).toBe(0);
  });

  it('gets an error if no poll is open', async () => {
    await expect(call()).rejects.toMatchObject({
      name: 'ServiceException',
      message: 'Runtime.Unavailable: No /next is open',
      $metadata: { httpStatusCode: 503 },
    });
  });

  it('gets an error for an unknown function', async () => {
    await expect(call({ FunctionName: 'other' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: other',
    });
  });

  it('gets an error for a payload that is not JSON or too large', async () => {
    await expect(call({ Payload: 'nonsense' })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    });
    const tooMuchForLater = `"${'x'.repeat(1024 * 1024 - 1)}"`;
    await expect(call({ InvocationType: 'Event', Payload: tooMuchForLater })).rejects.toMatchObject({
      name: 'RequestTooLargeException',
    });
    const tooMuch = Buffer.alloc(6 * 1024 * 1024 + 101);
    await expect(call({ Payload: tooMuch })).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });
});

describe('the Invoke API', () => {
  it.each([
    'resize',
    'resize:live',
    '123456789012:function:resize',
    encodeURIComponent('arn:aws:lambda:us-east-1:123456789012:function:resize:7'),
  ])('accepts %s as the name of the function', async (name) => {
    const response = await post(`/2015-03-31/functions/${name}/invocations?Other=x`, '{}');
    expect(response.status).toBe(503);
    expect(response.headers.get('x-amzn-errortype')).toBe('ServiceException');
  });

  it.each([
    ['?Qualifier=7', 'resize', '7', ':7'],
    ['', 'resize:live', '$LATEST', ':live'],
    ['?Qualifier=live', 'resize:live', '$LATEST', ':live'],
    ['', 'resize', '$LATEST', ''],
  ])('returns the version for the query %s and the name %s', async (query, name, version, suffix) => {
    const polled = next(server);
    await server.whenPolling(1);
    const answered = post(`/2015-03-31/functions/${name}/invocations${query}`, '{}');
    const { requestId, headers } = await polled;
    expect(headers.get('lambda-runtime-invoked-function-arn')).toBe(
      `arn:aws:lambda:us-east-1:123456789012:function:resize${suffix}`,
    );
    await respond(server, requestId, 'null');
    expect((await answered).headers.get('x-amz-executed-version')).toBe(version);
  });

  it.each([
    ['two qualifiers', 'resize:live/invocations?Qualifier=7', {}],
    ['an invalid qualifier', 'resize/invocations?Qualifier=%0A', { 'X-Amz-Invocation-Type': 'Event' }],
    ['an invalid tenant id', 'resize/invocations', { 'X-Amz-Tenant-Id': 'bl\xe5' }],
    ['an unknown invocation type', 'resize/invocations', { 'X-Amz-Invocation-Type': 'Now' }],
    ['an unknown log type', 'resize/invocations', { 'X-Amz-Log-Type': 'All' }],
  ])('refuses %s', async (_what, path, headers) => {
    const url = `http://${server.address}/2015-03-31/functions/${path}`;
    const response = await fetch(url, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('InvalidParameterValueException');
    expect(await response.json()).toMatchObject({ Type: 'User', message: expect.any(String) });
  });

  it.each([
    ['is not JSON', 'nonsense'],
    ['is longer than 3583 bytes', Buffer.from(JSON.stringify('x'.repeat(2700))).toString('base64')],
  ])('refuses a client context that %s', async (_what, context) => {
    const response = await fetch(`http://${server.address}/2015-03-31/functions/resize/invocations`, {
      method: 'POST',
      body: '{}',
      headers: { 'X-Amz-Client-Context': context, 'X-Amz-Invocation-Type': 'Event' },
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('InvalidRequestContentException');
  });

  it('answers 404 for a function name with an invalid encoding', async () => {
    const response = await post('/2015-03-31/functions/res%E0%A4/invocations', '{}');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ message: 'Function not found: res%E0%A4' });
  });

  it('passes on the bytes of a trace id unchanged', async () => {
    const polled = next(server);
    await fetch(`http://${server.address}/2015-03-31/functions/resize/invocations`, {
      method: 'POST',
      body: '{}',
      headers: { 'X-Amzn-Trace-Id': 'Root=\xc3\xa9', 'X-Amz-Invocation-Type': 'Event' },
    });
    expect((await polled).headers.get('lambda-runtime-trace-id')).toBe('Root=\xc3\xa9');
  });

  it('answers 404 for unknown paths', async () => {
    for (const path of ['/', '/2018-06-01/runtime/invocation/a/other', '/2015-03-31/functions/resize']) {
      const response = await post(path, 'x');
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ Type: 'User', Message: expect.any(String) });
    }
  });
});
