/** What a slot's connection relies on in undici. A new version that behaves differently fails here first. */
import { once } from 'node:events';
import { Socket, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import type { RequestsObserver } from '../src/observability/observer.ts';
import { Connection } from '../src/runtime-api/connection.ts';

const OBSERVER: RequestsObserver = {
  sends: () => undefined,
  retries: () => undefined,
  malformedEvent: () => undefined,
};
const NEXT = { method: 'GET', path: '/next' } as const;
const ANSWER = { method: 'POST', path: '/response', body: '"done"' } as const;
const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';

afterEach(() => vi.restoreAllMocks());

it('an answer and the following poll are sent in one write', async () => {
  await using api = await startApi();
  const connection = new Connection(api.address, OBSERVER);
  await connection.send(NEXT).response;

  const single = vi.spyOn(Socket.prototype, '_write');
  const several = vi.spyOn(Socket.prototype, '_writev' as '_write');
  const answer = connection.sendPipelined(ANSWER);
  const poll = connection.send(NEXT);
  expect((await answer.response).status).toBe(202);
  expect((await poll.response).status).toBe(202);
  const writes = [...several.mock.contexts, ...single.mock.contexts] as Socket[];
  expect(writes.filter(({ remotePort }) => remotePort === api.port)).toHaveLength(1);
  await connection.destroy();
});

/** A server that accepts every request. */
async function startApi(): Promise<AsyncDisposable & { readonly address: string; readonly port: number }> {
  let accepted: Socket | undefined;
  const server = createServer((socket) => {
    let text = '';
    accepted = socket;
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      // Matches the end of a poll's headers, and the body of an answer.
      const requests = text.match(/GET [^]*?\r\n\r\n|"done"/g) ?? [];
      if (requests.length === 0) return;
      text = '';
      socket.write(ACCEPTED.repeat(requests.length));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      accepted?.destroy();
      await once(server.close(), 'close');
    },
  };
}
