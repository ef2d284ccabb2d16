import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { History } from '../../src/console/history.ts';
import { LiveStream } from '../../src/console/live-stream.ts';
import { RetainedStream } from '../../src/console/retained.ts';
import type { Snapshot } from '../../src/console/messages.ts';
import type { PublishedInvocation } from '../../src/observability/channels.ts';
import type { InvocationReport } from '../../src/observability/observer.ts';

const SETTINGS = {
  host: '127.0.0.1',
  port: 0,
  invocationEndpoint: '/invoke',
  functionName: 'function',
  timeoutMs: 1000,
  concurrency: 1,
  invocationsPerThread: 1,
};
const NONE = { wanted: 0, done: 0, failed: 0 };

describe('what the console remembers is bounded:', () => {
  it('ended invocations; running ones are kept even if they are the oldest', () => {
    const history = new History(SETTINGS);
    for (let n = 1; n <= 1600; n += 1) takes(history, `runs-${n}`);
    for (let n = 1; n <= 3000; n += 1) {
      takes(history, `ends-${n}`);
      ends(history, `ends-${n}`);
    }
    expect(history.takeUpdate(NONE)).toMatchObject({ waiting: 0, inFlight: 1600, forgotten: [] });
    const { invocations } = history.snapshot(NONE);
    const ended = invocations.filter(({ endedAt }) => endedAt !== undefined);
    expect([invocations.length, ended.length]).toEqual([2000, 400]);
    expect([ended[0]?.requestId, ended.at(-1)?.requestId]).toEqual(['ends-2601', 'ends-3000']);
    expect(invocations.map(({ order }) => order)).toEqual(
      invocations.map(({ order }) => order).toSorted((a, b) => a - b),
    );
    expect(history.invocations.detail('ends-2600')).toBeUndefined();
    expect(history.invocations.detail('runs-1')?.event).toMatchObject({ bytes: 20_000, cut: true });
  });

  it('invocations that never end; those beyond the limit are only counted', () => {
    const history = new History(SETTINGS);
    for (let n = 1; n <= 5000; n += 1) {
      history.invocations.called(`request-${n}`, '{}', new Promise(() => undefined));
    }
    const { invocations, waiting } = history.takeUpdate(NONE) ?? {};
    expect([invocations?.length, waiting]).toEqual([2000, 5000]);
    expect(history.snapshot(NONE).invocations).toHaveLength(2000);
  });

  it('invocations that a page knows; the page is told once which of them are forgotten', () => {
    const history = new History(SETTINGS);
    takes(history, 'known');
    history.takeUpdate(NONE);
    ends(history, 'known');
    for (let n = 1; n <= 1000; n += 1) {
      takes(history, `later-${n}`);
      ends(history, `later-${n}`);
    }
    const update = history.takeUpdate(NONE);
    expect(update?.forgotten).toEqual(['known']);
    expect(update?.invocations.map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 400 }, (_, index) => `later-${601 + index}`),
    );
    expect(history.takeUpdate(NONE)).toBeUndefined();
  });

  it('log lines', () => {
    const history = new History(SETTINGS);
    for (let n = 1; n <= 5000; n += 1) history.log.add(`line ${n} ${'x'.repeat(9000)}`, undefined);
    const { lines } = history.snapshot(NONE);
    expect([lines.length, lines.at(-1)?.order]).toEqual([1000, 5000]);
    expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThan(4200);
    expect(history.takeUpdate(NONE)?.lines).toHaveLength(1000);
    expect(history.takeUpdate(NONE)).toBeUndefined();
  });

  it('refused calls', () => {
    const history = new History(SETTINGS);
    for (let n = 1; n <= 3000; n += 1) history.refusals.add();
    expect(history.snapshot(NONE)).toMatchObject({ refused: 3000, refusals: { length: 500 } });
    expect(history.takeUpdate(NONE)?.refusals).toHaveLength(500);
    expect(history.takeUpdate(NONE)).toBeUndefined();
  });

  it('the points of a stream, which begin with the first chunk and end with the last', () => {
    const stream = new RetainedStream();
    for (let at = 1; at <= 100_000; at += 1) stream.add(at, 10);
    expect(stream.points.length).toBeLessThanOrEqual(200);
    expect(stream.points[0]).toEqual({ at: 1, bytes: 10 });
    expect(stream.points.at(-1)).toEqual({ at: 100_000, bytes: 1_000_000 });
    const times = stream.points.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('threads that have ended', () => {
    const history = new History(SETTINGS);
    for (let thread = 1; thread <= 300; thread += 1) {
      const context = { thread, cause: 'exit' as const };
      history.threads.starts(context);
      if (thread <= 290) history.threads.ended(context);
    }
    expect(history.snapshot(NONE).threads.map(({ thread }) => thread)).toEqual(
      Array.from({ length: 74 }, (_, index) => 227 + index),
    );
  });
});

it('buffers little for a page that reads slowly, and sends it a snapshot when it resumes', async () => {
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
  // 40 updates of 1 MiB have been taken; the socket's own buffers hold some of them.
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

const EMPTY = {
  now: 0,
  invocations: [],
  forgotten: [],
  threads: [],
  lines: [],
  samples: [],
  waiting: 0,
  inFlight: 0,
  refused: 0,
  refusals: [],
  burst: NONE,
};

/** Records a call, and that a slot takes it. */
function takes({ invocations }: History, requestId: string): void {
  invocations.called(requestId, 'x'.repeat(20_000), new Promise(() => undefined));
  invocations.arrived(published(requestId));
}

function ends({ invocations }: History, requestId: string): void {
  const report: InvocationReport = {
    requestId,
    outcome: 'response',
    durationMs: 1,
    overDeadlineMs: 0,
    slot: 0,
    inFlight: 1,
    bytesIn: 1,
    bytesOut: 1,
  };
  invocations.ended({ ...published(requestId), report });
}

function published(requestId: string): PublishedInvocation {
  return {
    requestId,
    functionArn: '',
    traceId: undefined,
    tenantId: undefined,
    arrivedAtMs: 0,
    deadlineMs: 0,
    slot: 0,
    bytesIn: 1,
  };
}
