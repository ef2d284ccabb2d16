import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { next, openStream, respond } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer();
});
afterEach(() => server.close());

async function open(options: { timeoutMs?: number; keepStream?: boolean } = {}) {
  const chunks: string[] = [];
  let seen: () => void = () => {};
  const result = server.invoke('{}', {
    ...options,
    requestId: 's',
    whenCapacity: true,
    onChunk: (chunk) => {
      chunks.push(chunk.toString());
      seen();
    },
  });
  await next(server);
  const chunk = (): Promise<void> => new Promise((resolve) => (seen = resolve));
  return { result, chunks, chunk, ...openStream(server, 's') };
}

it('onChunk receives a stream chunk by chunk, and the invocation resolves at its end', async () => {
  const { result, chunks, chunk, req, status } = await open();
  let arrived = chunk();
  req.write('one ');
  await arrived;
  expect(chunks).toEqual(['one ']);
  expect(server.inFlight).toBe(1);
  arrived = chunk();
  req.write('two');
  await arrived;
  req.end();
  expect(await status).toBe(202);
  expect(await result).toMatchObject({
    status: 'response',
    mode: 'streaming',
    body: Buffer.from('one two'),
    contentType: 'text/plain',
  });
  expect(chunks).toEqual(['one ', 'two']);
});

it('a stream may be larger than a buffered response', async () => {
  const { result, req, status } = await open();
  req.end(Buffer.alloc(7 * 1024 * 1024));
  expect(await status).toBe(202);
  expect(await result).toMatchObject({ body: { length: 7 * 1024 * 1024 } });
});

it('an error in the trailers fails the invocation and keeps the received bytes', async () => {
  const { result, req, status } = await open();
  req.write('half');
  req.addTrailers({
    'Lambda-Runtime-Function-Error-Type': 'Function.RangeError',
    'Lambda-Runtime-Function-Error-Body': Buffer.from('{"errorMessage":"too far"}').toString('base64'),
  });
  req.end();
  expect(await status).toBe(202);
  expect(await result).toMatchObject({
    status: 'error',
    errorType: 'Function.RangeError',
    error: { errorMessage: 'too far' },
    midStream: true,
    received: Buffer.from('half'),
  });
  expect(server.deliveries.get('s')).toMatchObject({ accepted: 1, outcome: 'error' });
});

it('a stream is not read further until the caller has taken a chunk', async () => {
  const taken = Promise.withResolvers<void>();
  const seen: string[] = [];
  const result = server.invoke('{}', {
    requestId: 's',
    whenCapacity: true,
    keepStream: false,
    onChunk: (chunk) => {
      seen.push(chunk.toString('latin1', 0, 1));
      return taken.promise;
    },
  });
  await next(server);
  const { req, status } = openStream(server, 's');
  // More than the buffers between the two can hold.
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  for (let n = 0; n < 40; n += 1) req.write(chunk);
  req.end();
  await expect.poll(() => seen.length).toBe(1);
  expect(req.writableLength).toBeGreaterThan(1024 * 1024);
  taken.resolve();
  expect(await status).toBe(202);
  expect(await result).toMatchObject({ status: 'response' });
  expect(seen.length).toBeGreaterThan(1);
});

it('with keepStream false, only the beginning and the length of a stream are kept', async () => {
  const { result, chunk, req, status } = await open({ keepStream: false });
  let arrived = chunk();
  req.write('one ');
  await arrived;
  arrived = chunk();
  req.write('x'.repeat(16 * 1024));
  await arrived;
  arrived = chunk();
  req.end('three');
  await arrived;
  expect(await status).toBe(202);
  const ended = await result;
  expect(ended).toMatchObject({ status: 'response', totalBytes: 4 + 16 * 1024 + 5 });
  expect('body' in ended && ended.body.toString()).toMatch(/^one x+$/);
});

it('a stream that breaks off fails the invocation', async () => {
  const { result, chunk, req } = await open();
  const arrived = chunk();
  req.write('half');
  await arrived;
  req.destroy();
  expect(await result).toMatchObject({
    status: 'error',
    errorType: 'Runtime.TruncatedResponse',
    midStream: true,
    received: Buffer.from('half'),
  });
});

it('a second answer is refused while a stream is running', async () => {
  const { result, chunk, req } = await open();
  const arrived = chunk();
  req.write('mine');
  await arrived;
  expect((await respond(server, 's', '"yours"')).status).toBe(400);
  const other = openStream(server, 's');
  other.req.end('yours');
  expect(await other.status).toBe(400);
  req.end();
  expect(await result).toMatchObject({ body: Buffer.from('mine') });
});

it('a stream that runs into the deadline is cut for the caller and refused with 410 at its end', async () => {
  const { result, chunk, req, status } = await open({ timeoutMs: 150 });
  const arrived = chunk();
  req.write('half');
  await arrived;
  expect(await result).toMatchObject({ status: 'timeout', received: Buffer.from('half') });
  req.end(' and the rest');
  expect(await status).toBe(410);
});

it('the response mode "buffered" is refused with 400, and the invocation stays open', async () => {
  const result = server.invoke('{}', { requestId: 's', whenCapacity: true });
  await next(server);
  const refused = await respond(server, 's', '1', { 'Lambda-Runtime-Function-Response-Mode': 'buffered' });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ errorType: 'InvalidFunctionResponseMode' });
  expect((await respond(server, 's', '1')).status).toBe(202);
  expect(await result).toMatchObject({ status: 'response' });
});
