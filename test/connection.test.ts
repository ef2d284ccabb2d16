/** What the connection of a slot relies on in undici. A new version that differs fails here first. */
import { once } from 'node:events';
import { Socket, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freeMemory } from '../src/free-memory.ts';
import type { InvocationMetadata } from '../src/invocation/invocation.ts';
import type { Log } from '../src/logging/log.ts';
import type { RequestsObserver } from '../src/observability/observer.ts';
import { Connection } from '../src/runtime-api/connection.ts';
import { postOutcome } from '../src/runtime-api/respond.ts';

const OBSERVER: RequestsObserver = {
  sends: () => undefined,
  retries: () => undefined,
  malformedEvent: () => undefined,
};
const LOG: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const NEXT = { method: 'GET', path: '/next' } as const;
const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';

afterEach(() => vi.restoreAllMocks());

it('an answer and the following poll are sent in one write', async () => {
  await using api = await startApi((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      // The end of a poll's head, and the body of an answer.
      const requests = text.match(/GET [^]*?\r\n\r\n|"done"/g) ?? [];
      if (requests.length === 0) return;
      text = '';
      socket.write(ACCEPTED.repeat(requests.length));
    });
  });
  const connection = new Connection(api.address, OBSERVER);
  await connection.send(NEXT).response;

  const single = vi.spyOn(Socket.prototype, '_write');
  const several = vi.spyOn(Socket.prototype, '_writev' as '_write');
  const answer = connection.sendPipelined({ method: 'POST', path: '/response', body: '"done"' });
  const poll = connection.send(NEXT);
  expect((await answer.response).status).toBe(202);
  expect((await poll.response).status).toBe(202);
  const writes = [...several.mock.contexts, ...single.mock.contexts] as Socket[];
  expect(writes.filter(({ remotePort }) => remotePort === api.port)).toHaveLength(1);
  await connection.destroy();
});

it.each([
  ['body', `Content-Length: 40\r\n\r\n${'A'.repeat(20)}`, 'A'.repeat(20)],
  ['head', 'X-Id: 1', `23\r\nContent-Length: 40\r\n\r\n${'A'.repeat(40)}`],
])('an event is complete if its %s begins in the last chunk of a large reply', async (_part, begin, rest) => {
  const reply = `HTTP/1.1 500 Error\r\nContent-Length: 20000\r\n\r\n${'x'.repeat(20_000)}`;
  const served = Promise.withResolvers<Socket>();
  await using api = await startApi((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.includes('"done"') || !text.includes('GET /next')) return;
      socket.write(`${reply}HTTP/1.1 200 OK\r\n${begin}`);
      served.resolve(socket);
    });
  });
  const connection = new Connection(api.address, OBSERVER);
  const answer = connection.sendPipelined({ method: 'POST', path: '/response', body: '"done"' });
  const poll = connection.send(NEXT);
  expect((await answer.response).status).toBe(500);
  await setImmediate();
  (await served.promise).write(rest);
  expect((await poll.response).body).toBe('A'.repeat(40));
  await connection.destroy();
});

describe('the memory', () => {
  const MB = Buffer.alloc(1_000_000, 'x');

  it.each([
    ['a length', [`Content-Length: ${MB.byteLength}\r\n\r\n`, MB]],
    ['chunks', [`Transfer-Encoding: chunked\r\n\r\n${MB.byteLength.toString(16)}\r\n`, MB, '\r\n0\r\n\r\n']],
  ])('of what the socket has read of an event with %s is freed at once', async (_how, response) => {
    await using api = await startApi((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n');
        for (const part of response) socket.write(part);
      });
    });
    const connection = new Connection(api.address, OBSERVER);
    // Only growth counts, because a garbage collection can free what was allocated before this test.
    let grownBytes = 0;
    for (let n = 0; n < 60; n += 1) {
      const before = process.memoryUsage().arrayBuffers;
      const { body } = await connection.send(NEXT).response;
      if (typeof body === 'string') throw new Error('The event is a string.');
      expect(MB.equals(body)).toBe(true);
      freeMemory(body);
      await setImmediate();
      grownBytes += Math.max(0, process.memoryUsage().arrayBuffers - before);
    }
    expect(grownBytes).toBeLessThan(5 * MB.byteLength);
    await connection.destroy();
  });

  it('of an answer is freed when it has been sent', async () => {
    await using api = await startApi((socket) => {
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.byteLength;
        if (received > MB.byteLength) socket.write(ACCEPTED);
      });
    });
    const connection = new Connection(api.address, OBSERVER);
    const body = new Uint8Array(MB);
    await connection.sendPipelined({ method: 'POST', path: '/response', body }).response;
    connection.freeSent(body);
    expect(body.byteLength).toBe(0);
    await connection.destroy();
  });

  it('of an answer is kept after a failed try, whose connection may still be sending it', async () => {
    const connected = Promise.withResolvers<Socket>();
    await using busy = await startApi((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 500 Busy\r\nContent-Length: 0\r\n\r\n');
        connected.resolve(socket);
      });
    });
    await using api = await startApi((socket) => {
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.byteLength;
        if (received > body.byteLength) socket.write(ACCEPTED);
      });
    });
    const body = new Uint8Array(32_000_000).fill(120);
    const [first, second] = [new Connection(busy.address, OBSERVER), new Connection(api.address, OBSERVER)];
    const delivery = await postOutcome(
      { requestId: 'r', deadlineMs: Date.now() + 60_000 } as InvocationMetadata,
      { type: 'response', body, contentType: 'application/json' },
      { first, retries: () => second, signal: new AbortController().signal, log: LOG, observer: OBSERVER },
    );
    expect(delivery).toBe('delivered');
    expect((await connected.promise).isPaused()).toBe(true);
    expect(body.byteLength).toBe(32_000_000);
    await Promise.all([first.destroy(), second.destroy()]);
  });

  it('of an answer is kept while it is being sent, even if the Runtime API has already accepted it', async () => {
    const bytes = Buffer.alloc(32_000_000, 'x');
    const connected = Promise.withResolvers<Socket>();
    await using api = await startApi((socket) => {
      socket.once('data', (head) => {
        socket.pause();
        socket.unshift(head);
        socket.write(ACCEPTED);
        connected.resolve(socket);
      });
    });
    const connection = new Connection(api.address, OBSERVER);
    const body = new Uint8Array(bytes);
    await connection.sendPipelined({ method: 'POST', path: '/response', body }).response;
    connection.freeSent(body);
    expect(body.byteLength).toBe(bytes.byteLength);
    const received: Buffer[] = [];
    let receivedBytes = 0;
    for await (const chunk of await connected.promise) {
      received.push(chunk as Buffer);
      receivedBytes += (chunk as Buffer).byteLength;
      if (receivedBytes > bytes.byteLength) break;
    }
    expect(Buffer.concat(received).subarray(-bytes.byteLength).equals(bytes)).toBe(true);
    await connection.destroy();
  });
});

async function startApi(
  onConnection: (socket: Socket) => void,
): Promise<AsyncDisposable & { readonly address: string; readonly port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    onConnection(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}
