import { request } from 'node:http';
import { expect, it } from 'vitest';
import { functionUrlRoute } from '../../src/local/lambda-api/function-url.ts';
import { plainInvokeRoute } from '../../src/local/lambda-api/invoke-api.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { get, next, openSocket, respond } from './runtime.ts';

function status(address: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(`http://${address}/2018-06-01/runtime/invocation/next/more`, { headers });
    req.on('error', reject);
    req.on('response', (response) => resolve(response.resume().statusCode ?? 0));
    req.end();
  });
}

it.each(['0.0.0.0', '::', '192.168.1.7', 'example.com', '127.0.0.1.example.com', ''])(
  'does not listen on %s',
  async (host) => {
    await expect(startRuntimeApiServer({ host })).rejects.toThrow(RangeError);
  },
);

it('listens on the given port, and rejects a port that is in use', async () => {
  await using server = await startRuntimeApiServer();
  expect(server.address).toBe(`127.0.0.1:${server.port}`);
  await expect(startRuntimeApiServer({ port: server.port })).rejects.toThrow('EADDRINUSE');
  await server.close();
  await using again = await startRuntimeApiServer({ port: server.port });
  expect(again.port).toBe(server.port);
});

it('refuses hosts that are not loopback, and foreign web pages', async () => {
  await using server = await startRuntimeApiServer();
  const { address, port } = server;
  for (const host of [address, `localhost:${port}`, `[::1]:${port}`, '127.0.0.1']) {
    expect(await status(address, { host })).toBe(404);
  }
  for (const host of [
    `example.com:${port}`,
    `127.0.0.1.example.com:${port}`,
    'localhost.example.com',
    'x@localhost',
  ]) {
    expect(await status(address, { host })).toBe(403);
  }
  expect(await status(address, { origin: `http://${address}`, 'sec-fetch-site': 'same-origin' })).toBe(404);
  expect(await status(address, { 'sec-fetch-site': 'none' })).toBe(404);
  // A dev server has forwarded the request of its own page.
  expect(await status(address, { origin: 'http://localhost:1', 'sec-fetch-site': 'same-origin' })).toBe(404);
  for (const origin of [
    `http://localhost:${port}`,
    `https://${address}`,
    'http://127.0.0.1:1',
    'https://example.com',
    'null',
    'http://localhost.example.com',
  ]) {
    expect(await status(address, { origin })).toBe(403);
  }
  for (const site of ['cross-site', 'same-site']) {
    expect(await status(address, { 'sec-fetch-site': site })).toBe(403);
    expect(await status(address, { origin: `http://${address}`, 'sec-fetch-site': site })).toBe(403);
  }
});

it('close ends open polls, invocations in flight and waiting callers at once', async () => {
  const server = await startRuntimeApiServer();
  const polling = await openSocket(server);
  const inFlight = server.invoke('1', { requestId: 'in-flight', whenCapacity: true });
  await next(server);
  const waiting = server.invoke('2', { whenCapacity: true, requestId: 'waiting' });
  polling.socket.write('GET /2020-01-01/extension/event/next HTTP/1.1\r\n');
  const rejections = [server.whenPolling(5), server.whenInitError(), server.whenExtensionWaiting()];
  await Promise.all([server.close(), server.close()]);
  await polling.ended;
  expect(await inFlight).toMatchObject({ status: 'error', errorType: 'Runtime.ExitError' });
  expect(await waiting).toMatchObject({ status: 'unavailable', errorMessage: 'The server is closed' });
  for (const each of rejections) await expect(each).rejects.toThrow('is closed');
  expect(await server.invoke('3', { whenCapacity: true })).toMatchObject({ status: 'unavailable' });
});

it('close lets callers over HTTP read their answers', async () => {
  const server = await startRuntimeApiServer({ concurrency: 2 });
  const path = `http://${server.address}/2015-03-31/functions/function/invocations`;
  const call = () => fetch(path, { method: 'POST', body: '1' });
  const polled = next(server);
  await server.whenPolling(1);
  const answered = call().then((response) => response.arrayBuffer());
  const { requestId } = await polled;
  const waiting = call();
  // Both are counted: the second one waits.
  await expect.poll(async () => (await call()).status).toBe(429);
  const large = Buffer.alloc(6 * 1024 * 1024, '1');
  await respond(server, requestId, large);
  await server.close();
  expect((await answered).byteLength).toBe(large.length);
  expect((await waiting).status).toBe(503);
  expect(await (await waiting).json()).toMatchObject({
    Message: 'Runtime.Unavailable: The server is closed',
  });
});

it('close does not wait for callers who do not read', async () => {
  const server = await startRuntimeApiServer({ concurrency: 1 });
  const caller = await openSocket(server);
  const polled = next(server);
  await server.whenPolling(1);
  const head = `POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: ${server.address}\r\n`;
  caller.socket.pause();
  caller.socket.write(`${head}Content-Length: 1\r\n\r\n1`);
  const { requestId } = await polled;
  await respond(server, requestId, Buffer.alloc(6 * 1024 * 1024));
  await server.close();
  expect(caller.socket.bytesRead).toBeLessThan(6 * 1024 * 1024);
  caller.socket.destroy();
});

it.each([
  ['Invoke', '/2015-03-31/functions/function/invocations'],
  ['InvokeWithResponseStream', '/2021-11-15/functions/function/response-streaming-invocations'],
  ['a Function URL', '/'],
  ['the plain endpoint', '/invoke'],
])(
  'a caller of %s that disconnects while it waits frees its place, and its event is not run',
  async (_name, path) => {
    const events: string[] = [];
    await using server = await startRuntimeApiServer({
      concurrency: 1,
      moreRoutes: (invokeApi) => [plainInvokeRoute(invokeApi, '/invoke'), functionUrlRoute(invokeApi)],
      observer: {
        invoked: (_requestId, event) => void events.push(event.toString()),
        streamed: () => {},
        refused: () => {},
      },
    });
    const call = (event: string, signal: AbortSignal | null = null) =>
      fetch(`http://${server.address}${path}`, { method: 'POST', body: event, signal });
    const going = new AbortController();
    const first = call('"first"', going.signal);
    await expect.poll(() => events).toHaveLength(1);
    going.abort();
    await expect(first).rejects.toThrow();
    const untilTaken = async (): Promise<Response> => {
      const response = await call('"second"');
      return response.status === 429 ? untilTaken() : response;
    };
    const second = untilTaken();
    await expect.poll(() => events).toHaveLength(2);
    const { requestId, text } = await next(server);
    expect(text).toContain('second');
    await respond(server, requestId, '1');
    expect((await second).status).toBe(200);
  },
);

it('close ends an open poll', async () => {
  const server = await startRuntimeApiServer();
  const { socket, ended } = await openSocket(server);
  socket.write(get(server, 'invocation/next'));
  await server.whenPolling(1);
  await server.close();
  await ended;
  expect(server.openPolls).toBe(0);
});

it('remembers as many deliveries as deliveryHistory says', async () => {
  await using server = await startRuntimeApiServer({ deliveryHistory: 2 });
  for (const requestId of ['a', 'b', 'c']) {
    void server.invoke('1', { requestId, whenCapacity: true });
    await next(server);
  }
  expect([...server.deliveries.keys()]).toEqual(['b', 'c']);
});
