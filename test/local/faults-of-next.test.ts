import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RuntimeApiServer, startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { get, next, openSocket, url } from './runtime.ts';

let server: RuntimeApiServer;
beforeEach(async () => {
  server = await startRuntimeApiServer();
});
afterEach(() => server.close());

async function send(text: string) {
  const connection = await openSocket(server);
  connection.socket.write(text);
  return connection;
}

describe('a fault of /next', () => {
  it.each([
    [{ type: 'refuse' }, 'end'],
    [{ type: 'reset-before' }, 'ECONNRESET'],
    [{ type: 'garbage' }, 'end'],
  ] as const)('%o applies to the poll on its arrival, so that the poll is never open', async (fault, end) => {
    server.faults.once('next', fault);
    const { ended } = await send(get(server, 'invocation/next'));
    expect(await ended).toBe(end);
    expect(server.openPolls).toBe(0);
    const polled = next(server);
    await server.whenPolling(1);
    void server.invoke('1');
    await polled;
  });

  it('status answers the poll at once', async () => {
    server.faults.once('next', { type: 'status', status: 500 });
    expect((await fetch(url(server, 'invocation/next'))).status).toBe(500);
  });

  it('delay opens the poll later', async () => {
    server.faults.once('next', { type: 'delay', ms: 30 });
    const polled = next(server);
    await server.whenPolling(1);
    void server.invoke('1');
    expect((await polled).text).toBe('1');
  });

  it('delay of an event hands it over later', async () => {
    server.faults.once({ at: 'next', requestId: (id) => id === 'late' }, { type: 'delay', ms: 30 });
    const polled = next(server);
    await server.whenPolling(1);
    void server.invoke('1', { requestId: 'late' });
    expect(await polled).toMatchObject({ requestId: 'late', text: '1' });
    expect(server.faults.met).toBe(1);
  });

  it.each([
    // A reset that comes together with data is an ordinary end to libuv.
    [{ type: 'reset-during' }, /^(ECONNRESET|end)$/, /Content-Length: 10\r\n[^]*\r\n\r\n"0123$/],
    [{ type: 'truncated-body' }, /^end$/, /Content-Length: 10\r\n[^]*\r\n\r\n"0123$/],
    [{ type: 'reset-after' }, /^ECONNRESET$/, /^$/],
  ] as const)('%o applies when an event is handed over, and the event is lost', async (fault, end, part) => {
    server.faults.once('next', fault);
    const { ended, text } = await send(get(server, 'invocation/next'));
    await server.whenPolling(1);
    expect(server.faults.pending).toBe(1);
    const invoked = server.invoke('"01234567"', { requestId: 'lost', timeoutMs: 100 });
    expect(await ended).toMatch(end);
    expect(text()).toMatch(part);
    expect(await invoked).toMatchObject({ status: 'timeout' });
    expect(server.deliveries.get('lost')).toMatchObject({ handedOver: 1, accepted: 0, outcome: 'timeout' });
  });

  it('truncated-body cuts the headers of an event without a body', async () => {
    server.faults.once('next', { type: 'truncated-body' });
    const { ended, text } = await send(get(server, 'invocation/next'));
    await server.whenPolling(1);
    void server.invoke('');
    expect(await ended).toBe('end');
    expect(text()).toMatch(/^HTTP\/1\.1 200/);
    expect(text()).not.toContain('\r\n\r\n');
  });

  it('with a request id applies to that event only', async () => {
    server.faults.once({ at: 'next', requestId: (id) => id === 'b' }, { type: 'status', status: 500 });
    const first = next(server);
    void server.invoke('1', { requestId: 'a', whenCapacity: true });
    expect((await first).requestId).toBe('a');
    void server.invoke('2', { requestId: 'b', whenCapacity: true });
    await expect(next(server)).rejects.toThrow('/next was answered 500');
  });
});
