import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Ledgers } from '../../src/console/ledgers.ts';
import { LiveStream } from '../../src/console/live-stream.ts';
import type { Snapshot } from '../../src/console/messages.ts';

const SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  invocationEndpoint: '/invoke',
  functionName: 'function',
  timeoutMs: 1000,
  concurrency: 1,
};
const NONE = { wanted: 0, done: 0, failed: 0 };

describe('what the console remembers is bounded:', () => {
  it('invocations', () => {
    const ledgers = new Ledgers(SETTINGS);
    for (let n = 1; n <= 1500; n += 1) {
      ledgers.invocations.called(`request-${n}`, 'x'.repeat(20_000), new Promise(() => undefined));
    }
    expect(ledgers.takeUpdate(NONE)?.invocations).toHaveLength(400);
    const { invocations } = ledgers.snapshot(NONE);
    expect([invocations.length, invocations.at(-1)?.requestId]).toEqual([400, 'request-1500']);
    expect(ledgers.invocations.detail('request-1')).toBeUndefined();
    expect(ledgers.invocations.detail('request-1500')?.event).toMatchObject({ bytes: 20_000, cut: true });
  });

  it('lines', () => {
    const ledgers = new Ledgers(SETTINGS);
    for (let n = 1; n <= 5000; n += 1) ledgers.log.add(`line ${n} ${'x'.repeat(9000)}`, undefined);
    const { lines } = ledgers.snapshot(NONE);
    expect([lines.length, lines.at(-1)?.order]).toEqual([1000, 5000]);
    expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThan(4200);
    expect(ledgers.takeUpdate(NONE)?.lines).toHaveLength(1000);
    expect(ledgers.takeUpdate(NONE)).toBeUndefined();
  });

  it('threads that have ended', () => {
    const ledgers = new Ledgers(SETTINGS);
    for (let thread = 1; thread <= 300; thread += 1) {
      const context = { thread, cause: 'exit' as const };
      ledgers.threads.starts(context);
      if (thread <= 290) ledgers.threads.ended(context);
    }
    expect(ledgers.snapshot(NONE).threads.map(({ thread }) => thread)).toEqual(
      Array.from({ length: 74 }, (_, index) => 227 + index),
    );
  });
});

it('a page that reads slowly makes nothing pile up, and gets a snapshot when it reads on', async () => {
  const told = { count: 0 };
  const enough = Promise.withResolvers<void>();
  let served: ServerResponse | undefined;
  const text = 'x'.repeat(1024 * 1024);
  const stream = new LiveStream({
    snapshot: () => ({ functionName: `after ${told.count}` }) as Snapshot,
    takeUpdate() {
      told.count += 1;
      if (told.count === 40) enough.resolve();
      return { ...EMPTY, lines: [{ order: told.count, at: 0, text }] };
    },
    watched: () => undefined,
  });
  const server = createServer((_req, res) => {
    served = res;
    stream.add(res);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asking = get({ port, host: '127.0.0.1' });
  const [slow] = (await once(asking, 'response')) as [IncomingMessage];
  slow.pause();
  await enough.promise;
  // 40 MB have been told; the socket's own buffers hold some of them.
  expect(served?.writableLength).toBeLessThan(2 * text.length);
  let heard = '';
  for await (const chunk of slow) {
    heard += String(chunk);
    if ((heard.match(/event: snapshot/g) ?? []).length === 2) break;
  }
  const [, second] = heard.match(/"functionName":"after \d+"/g) ?? [];
  expect(Number(/\d+/.exec(second ?? '')?.[0])).toBeGreaterThanOrEqual(40);
  stream.close();
  server.close();
  server.closeAllConnections();
});

const EMPTY = { now: 0, invocations: [], threads: [], lines: [], samples: [], refused: 0, burst: NONE };
