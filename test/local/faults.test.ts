import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../src/local/runtime-api/faults.ts';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { fail, get, next, openSocket, openStream, post, respond, url } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer();
});
afterEach(() => server.close());

async function open(requestId = 'r') {
  const result = server.invoke('{}', { requestId, whenCapacity: true });
  await next(server);
  return { result };
}

async function send(text: string) {
  const connection = await openSocket(server);
  connection.socket.write(text);
  return connection;
}

const NOT_ACTED_ON: readonly (readonly [Fault, string, string])[] = [
  [{ type: 'refuse' }, 'end', ''],
  [{ type: 'reset-before' }, 'ECONNRESET', ''],
  [{ type: 'reset-during' }, 'ECONNRESET', ''],
  [{ type: 'garbage' }, 'end', 'not HTTP'],
];

describe('a fault of /response', () => {
  it.each(NOT_ACTED_ON)('%o leaves the invocation open for a second try', async (fault, end, text) => {
    const { result } = await open();
    server.faults.once('response', fault);
    expect(server.faults.pending).toBe(1);
    const connection = await send(post(server, 'invocation/r/response', '"done"'));
    expect(await connection.ended).toBe(end);
    expect(connection.text()).toContain(text);
    expect(server.faults.pending).toBe(0);
    expect(server.faults.met).toBe(1);
    expect(server.inFlight).toBe(1);
    expect((await respond(server, 'r', '1')).status).toBe(202);
    expect(await result).toMatchObject({ body: Buffer.from('1') });
    expect(server.deliveries.get('r')).toMatchObject({ handedOver: 1, accepted: 1, refused: [] });
  });

  it('reset-during resets the connection after half of the body', async () => {
    await open();
    server.faults.once('response', { type: 'reset-during' });
    const connection = await send(post(server, 'invocation/r/response', '0123456789', '0123'));
    await expect.poll(() => server.faults.met).toBe(1);
    expect(connection.socket.destroyed).toBe(false);
    connection.socket.write('45');
    expect(await connection.ended).toBe('ECONNRESET');
  });

  it('reset-during breaks a stream off after its first chunk', async () => {
    const { result } = await open();
    server.faults.once('response', { type: 'reset-during' });
    const { req, status } = openStream(server, 'r');
    req.write('half');
    await expect(status).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await result).toMatchObject({
      errorType: 'Runtime.TruncatedResponse',
      received: Buffer.from('half'),
    });
  });

  it('reset-after accepts the answer, so that a second copy is refused', async () => {
    const { result } = await open();
    server.faults.once('response', { type: 'reset-after' });
    const connection = await send(post(server, 'invocation/r/response', '"done"'));
    expect(await connection.ended).toBe('ECONNRESET');
    expect(connection.text()).toBe('');
    expect(await result).toMatchObject({ body: Buffer.from('"done"') });
    expect((await respond(server, 'r', '"done"')).status).toBe(400);
    expect(server.deliveries.get('r')).toMatchObject({ accepted: 1, refused: [400] });
  });

  it('truncated-body accepts the answer, and truncates the reply to it', async () => {
    const { result } = await open();
    server.faults.once('response', { type: 'truncated-body' });
    const response = await respond(server, 'r', '1');
    expect(response.status).toBe(202);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(await result).toMatchObject({ status: 'response' });
  });

  it('status replies with its own body, and does not accept the answer', async () => {
    await open();
    const stop = server.faults.always('response', { type: 'status', status: 500, body: 'oops' });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const response = await respond(server, 'r', '1');
      expect(response.status).toBe(500);
      expect(await response.text()).toBe('oops');
    }
    stop();
    expect((await respond(server, 'r', '1')).status).toBe(202);
  });

  it('delay accepts the answer later', async () => {
    const { result } = await open();
    server.faults.once('response', { type: 'delay', ms: 40 });
    const before = performance.now();
    expect((await respond(server, 'r', '1')).status).toBe(202);
    expect(performance.now() - before).toBeGreaterThan(35);
    await result;
  });

  it('hang never answers', async () => {
    await open();
    server.faults.once('response', { type: 'hang' });
    const hung = respond(server, 'r', '1');
    hung.catch(() => {});
    await expect.poll(() => server.faults.met).toBe(1);
    expect(server.inFlight).toBe(1);
    await server.close();
    await expect(hung).rejects.toThrow(TypeError);
  });

  it('applies only to matching request ids', async () => {
    await open('a');
    await open('b');
    server.faults.once({ at: 'response', requestId: (id) => id === 'b' }, { type: 'status', status: 503 });
    expect((await fail(server, 'a', '{}')).status).toBe(202);
    expect((await respond(server, 'b', '1')).status).toBe(503);
    expect((await respond(server, 'b', '1')).status).toBe(202);
  });

  it('can be revoked', async () => {
    await open();
    const back = server.faults.once('response', { type: 'hang' });
    server.faults.always('response', { type: 'hang' });
    back();
    server.faults.clear();
    expect((await respond(server, 'r', '1')).status).toBe(202);
  });
});

it('faults apply to /error, /init/error and the requests of extensions', async () => {
  await open();
  const fault: Fault = { type: 'status', status: 502 };
  for (const point of ['error', 'init-error', 'register'] as const) server.faults.once(point, fault);
  expect((await fail(server, 'r', '{}')).status).toBe(502);
  expect((await fetch(url(server, 'init/error'), { method: 'POST', body: '{}' })).status).toBe(502);
  const register = `http://${server.address}/2020-01-01/extension/register`;
  expect((await fetch(register, { method: 'POST', body: '{"events":[]}' })).status).toBe(502);
  server.faults.once('extension-next', fault);
  const next = `http://${server.address}/2020-01-01/extension/event/next`;
  expect((await fetch(next)).status).toBe(502);
  expect(server.initErrors).toEqual([]);
  expect(server.extensionRegistered).toBe(false);
  expect(server.faults.pending).toBe(0);
});

it.each(['reset-during', 'reset-after', 'truncated-body'] as const)(
  'a waiting event is not handed to a poll pipelined behind an answer with the fault %s',
  async (type) => {
    const { result } = await open();
    const waiting = server.invoke('"next"', { requestId: 'waits', whenCapacity: true });
    server.faults.once('response', { type });
    const { ended } = await send(
      post(server, 'invocation/r/response', '"done"') + get(server, 'invocation/next'),
    );
    await ended;
    if (type === 'reset-during') await respond(server, 'r', '"done"');
    expect(await result).toMatchObject({ status: 'response' });
    expect((await next(server)).requestId).toBe('waits');
    await respond(server, 'waits', '1');
    expect(await waiting).toMatchObject({ status: 'response' });
  },
);

it('requests pipelined behind a fault that closes the connection are not processed', async () => {
  const { result } = await open();
  server.faults.once('next', { type: 'refuse' });
  const { ended } = await send(
    get(server, 'invocation/next') + post(server, 'invocation/r/response', '"lost"'),
  );
  await ended;
  expect(server.inFlight).toBe(1);
  await respond(server, 'r', '"kept"');
  expect(await result).toMatchObject({ body: Buffer.from('"kept"') });
});
