import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import {
  InvokeWithResponseStreamCommand,
  LambdaClient,
  type InvokeWithResponseStreamCommandInput,
  type InvokeWithResponseStreamCommandOutput,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { responseStreamRoutes } from '../../src/local/lambda-api/response-stream.ts';
import { LogTails } from '../../src/local/log-tails.ts';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { fail, next, openStream, respond } from './runtime.ts';

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

/** Calls the function, and polls for its event. */
async function call(input: Partial<InvokeWithResponseStreamCommandInput> = {}) {
  const polled = next(server);
  await server.whenPolling(1);
  const command = new InvokeWithResponseStreamCommand({
    FunctionName: 'resize',
    Payload: '{"n":1}',
    ...input,
  });
  const called = client.send(command);
  called.catch(() => {});
  return { called, event: await polled };
}

/** The chunks of a response, and the event at its end. */
async function read(called: Promise<InvokeWithResponseStreamCommandOutput>) {
  const { EventStream, ExecutedVersion, StatusCode } = await called;
  const chunks: string[] = [];
  let complete: object | undefined;
  for await (const { PayloadChunk, InvokeComplete } of EventStream ?? []) {
    if (PayloadChunk?.Payload !== undefined) chunks.push(Buffer.from(PayloadChunk.Payload).toString());
    complete = InvokeComplete ?? complete;
  }
  return { StatusCode, ExecutedVersion, chunks, complete };
}

it('a streamed response arrives in chunks, each when it is written', async () => {
  const { called, event } = await call();
  expect(event.text).toBe('{"n":1}');
  const { req, status } = openStream(server, event.requestId);
  req.write('one ');
  const { EventStream } = await called;
  const events = EventStream?.[Symbol.asyncIterator]();
  const first = await events?.next();
  expect(Buffer.from(first?.value.PayloadChunk.Payload).toString()).toBe('one ');
  req.end('two');
  const second = await events?.next();
  expect(Buffer.from(second?.value.PayloadChunk.Payload).toString()).toBe('two');
  expect((await events?.next())?.value).toEqual({ InvokeComplete: {} });
  expect(await status).toBe(202);
});

it('a buffered response is one chunk', async () => {
  const { called, event } = await call({ Qualifier: '3' });
  await respond(server, event.requestId, '{"m":2}');
  expect(await read(called)).toEqual({
    StatusCode: 200,
    ExecutedVersion: '3',
    chunks: ['{"m":2}'],
    complete: {},
  });
});

it('a buffered response of 6 MiB arrives whole', async () => {
  const { called, event } = await call();
  await respond(server, event.requestId, 'x'.repeat(6 * 1024 * 1024));
  expect((await read(called)).chunks.join('')).toHaveLength(6 * 1024 * 1024);
});

it('an error before the first byte is in the last event', async () => {
  const { called, event } = await call();
  await fail(server, event.requestId, '{"errorType":"TypeError","errorMessage":"no"}', 'Function.TypeError');
  expect(await read(called)).toMatchObject({
    chunks: [],
    complete: {
      ErrorCode: 'Function.TypeError',
      ErrorDetails: '{"errorType":"TypeError","errorMessage":"no"}',
    },
  });
});

it('an error after the first byte and the end of the log are in the last event', async () => {
  const { called, event } = await call({ LogType: 'Tail' });
  server.logged(JSON.stringify({ requestId: event.requestId, message: 'hello' }));
  const { req } = openStream(server, event.requestId);
  req.write('part');
  req.addTrailers({
    'Lambda-Runtime-Function-Error-Type': 'Function.RangeError',
    'Lambda-Runtime-Function-Error-Body': Buffer.from('{"errorMessage":"late"}').toString('base64'),
  });
  req.end();
  const log = Buffer.from(`{"requestId":"${event.requestId}","message":"hello"}\n`).toString('base64');
  expect(await read(called)).toMatchObject({
    chunks: ['part'],
    complete: {
      ErrorCode: 'Function.RangeError',
      ErrorDetails: '{"errorMessage":"late"}',
      LogResult: log,
    },
  });
});

it('a missed deadline is in the last event', async () => {
  await server.close();
  server = await startRuntimeApiServer({ functionName: 'resize', timeoutMs: 30, port: server.port });
  const { called } = await call();
  expect(await read(called)).toMatchObject({ complete: { ErrorCode: 'Sandbox.Timedout' } });
});

it('invalid calls are refused before the stream begins', async () => {
  const send = (input: object) =>
    client.send(new InvokeWithResponseStreamCommand({ FunctionName: 'resize', ...input }));
  await expect(send({ FunctionName: 'other' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await expect(send({ Payload: 'nonsense' })).rejects.toMatchObject({
    name: 'InvalidRequestContentException',
  });
  await expect(send({})).rejects.toMatchObject({ name: 'ServiceException' });
  expect((await send({ InvocationType: 'DryRun' })).StatusCode).toBe(204);
  await expect(send({ InvocationType: 'Event' as 'DryRun' })).rejects.toMatchObject({
    name: 'InvalidParameterValueException',
  });
});

describe('calls that arrive in the same turn of the event loop', () => {
  let busy: number;
  let answered: number[];
  beforeEach(() => {
    busy = 0;
    answered = [];
  });
  const route = responseStreamRoutes({
    functionName: 'resize',
    functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:resize',
    invoke: () => {
      busy += 1;
      return new Promise(() => undefined);
    },
    isFull: () => busy >= 1,
    logs: new LogTails(() => 0),
  });
  /** Sends a complete request to the route, which then waits for an import. */
  function callRoute(): ServerResponse {
    const req = new IncomingMessage(new Socket());
    Object.assign(req, {
      method: 'POST',
      url: '/2021-11-15/functions/resize/response-streaming-invocations',
    });
    const res = new ServerResponse(req);
    route({ req, res, reply: ({ status }) => answered.push(status) });
    req.emit('end');
    return res;
  }
  /** Resolves when the earlier calls have been handled, because it waits for the same import. */
  async function handled(): Promise<void> {
    await import('../../src/local/lambda-api/event-stream.ts');
    await new Promise(setImmediate);
  }

  it('are refused beyond the concurrency', async () => {
    for (let n = 0; n < 3; n += 1) callRoute();
    await handled();
    expect(answered).toEqual([429, 429]);
    expect(busy).toBe(1);
  });

  it('are not invoked if the caller disconnects meanwhile', async () => {
    callRoute().emit('close');
    await handled();
    expect(answered).toEqual([]);
    expect(busy).toBe(0);
  });
});
