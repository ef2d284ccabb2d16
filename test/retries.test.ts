import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { InvocationMetadata, CompleteOutcome } from '../src/invocation/invocation.ts';
import { startRuntimeApiServer } from '../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../src/local/runtime-api-server.ts';
import type { Log } from '../src/logging/log.ts';
import type { RequestsObserver } from '../src/observability/observer.ts';
import { Connection } from '../src/runtime-api/connection.ts';
import { postInitError } from '../src/runtime-api/init-error.ts';
import { postOutcome } from '../src/runtime-api/respond.ts';
import { postStream } from '../src/runtime-api/respond-streaming.ts';
import { PollBackoff } from '../src/runtime-api/retry.ts';
import { FULL } from './faults/fault-runtime.ts';

interface Line {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

let lines: Line[];
let retries: number;
beforeEach(() => {
  lines = [];
  retries = 0;
});

const writing = (level: string) => (fields: object, message: string) =>
  void lines.push({ level, fields: { ...fields }, message });
const LOG: Log = {
  debug: writing('debug'),
  info: writing('info'),
  warn: writing('warn'),
  error: writing('error'),
};
const OBSERVER: RequestsObserver = {
  sends: () => undefined,
  retries: () => void (retries += 1),
  malformedEvent: () => undefined,
};

const UNUSED_CONNECTION = new Connection('127.0.0.1:1', OBSERVER);
const METADATA: InvocationMetadata = {
  requestId: 'r',
  deadlineMs: Number.MAX_SAFE_INTEGER,
  invokedFunctionArn: '',
  traceId: undefined,
  clientContext: undefined,
  cognitoIdentity: undefined,
  tenantId: undefined,
};

describe('polls that fail', () => {
  const FAULT = { reason: 'connect ECONNREFUSED', outOfDescriptors: false };
  const failing = (times: number, othersConnected: boolean, fault = FAULT): PollBackoff => {
    const backoff = new PollBackoff('127.0.0.1:9001', LOG, OBSERVER, () => othersConnected);
    for (let n = 0; n < times; n += 1) backoff.failed(fault, 0);
    return backoff;
  };
  /** Begins to wait, then aborts the wait. */
  const begin = async (backoff: PollBackoff): Promise<boolean> => {
    const stop = new AbortController();
    const waiting = backoff.wait(stop.signal);
    stop.abort();
    return waiting;
  };

  it('twenty times throw RUNTIME_API_UNREACHABLE', async () => {
    await expect(failing(20, false).wait(new AbortController().signal)).rejects.toMatchObject({
      code: 'RUNTIME_API_UNREACHABLE',
      message:
        'The Runtime API at 127.0.0.1:9001 did not return an event in 20 tries; the last error: connect ECONNREFUSED.',
    });
    expect(lines).toEqual([]);
  });

  it('are retried forever, about every 90 seconds, while another slot is connected', async () => {
    expect(await begin(failing(500, true))).toBe(false);
    expect(lines).toMatchObject([
      {
        level: 'warn',
        fields: { failures: 500, reason: FAULT.reason },
        message: 'Polling failed, will retry',
      },
    ]);
    expect(lines[0]?.fields['delayMs']).toBeGreaterThanOrEqual(0.75 * 90_000);
    expect(lines[0]?.fields['delayMs']).toBeLessThanOrEqual(1.25 * 90_000);
    expect(retries).toBe(1);
  });

  it('for lack of a descriptor are logged at 1, 2, 4, 8 failures and so on', async () => {
    for (let times = 1; times <= 16; times += 1) {
      await begin(failing(times, false, { reason: 'EMFILE', outOfDescriptors: true }));
    }
    expect(lines.map(({ fields }) => fields['failures'])).toEqual([1, 2, 4, 8, 16]);
    expect(retries).toBe(16);
  });

  it('after they were open for a while each count as the first failure', async () => {
    const backoff = failing(19, false);
    for (let n = 0; n < 30; n += 1) backoff.failed(FAULT, 60_000);
    expect(await begin(backoff)).toBe(false);
    expect(lines).toMatchObject([{ fields: { failures: 1 } }]);
  });

  it('are forgotten after a success', async () => {
    const backoff = failing(19, false);
    expect(backoff.hasFailed).toBe(true);
    backoff.succeeded();
    expect(backoff.hasFailed).toBe(false);
    expect(await backoff.wait(new AbortController().signal)).toBe(true);
    expect(lines).toEqual([]);
  });

  it('do not delay a runtime that stops', async () => {
    expect(await failing(20, false).wait(AbortSignal.abort())).toBe(false);
  });
});

describe('an answer whose response is incomplete', () => {
  /** Posts an answer and pipelines a poll behind it. The server completes all responses except the first. */
  async function post(status: number, rest: 'cut off' | 'stalled') {
    const requests: string[] = [];
    const server = createServer((req, res) => {
      const isFirst = requests.push(`${req.method} ${req.url?.split('/').at(-1)}`) === 1;
      req.resume().on('end', () => {
        if (!isFirst) return res.writeHead(202).end();
        res.writeHead(status, { 'content-length': 100 });
        res.write('{', () => rest === 'cut off' && res.socket?.end());
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const open = () => new Connection(`127.0.0.1:${(server.address() as AddressInfo).port}`, OBSERVER);
    const [first, second] = [open(), open()];
    try {
      const outcome: CompleteOutcome = { type: 'response', body: '1', contentType: 'application/json' };
      const { signal } = new AbortController();
      const retries = () => second;
      const delivery = postOutcome(METADATA, outcome, {
        first,
        retries,
        signal,
        log: LOG,
        observer: OBSERVER,
      });
      const poll = first.send({ method: 'GET', path: '/next' }).response;
      expect((await poll).status).toBe(202);
      const result = { status, delivery: await delivery };
      return { ...result, posts: requests.filter((each) => each.startsWith('POST')) };
    } finally {
      await Promise.all([first.destroy(), second.destroy()]);
      server.close();
    }
  }

  const CASES = [
    { status: 202, delivery: 'delivered', posts: ['POST response'] },
    { status: 400, delivery: 'failed', posts: ['POST response'] },
    { status: 410, delivery: 'late', posts: ['POST response'] },
    { status: 413, delivery: 'replaced', posts: ['POST response', 'POST error'] },
    { status: 503, delivery: 'delivered', posts: ['POST response', 'POST response'] },
  ] as const;

  it.each(CASES)('is judged by its status $status if it is cut off: $delivery', async (expected) => {
    expect(await post(expected.status, 'cut off')).toEqual(expected);
    expect(retries).toBe(expected.status === 503 ? 1 : 0);
  });

  // Each waits for the timeout.
  it.each(FULL ? ['stalls'] : [])('is judged by its status if it %s, and the slot polls', async () => {
    const outcomes = await Promise.all(CASES.map(({ status }) => post(status, 'stalled')));
    expect(outcomes).toEqual(CASES);
    expect(retries).toBe(1);
  });
});

describe('a response stream', () => {
  it('whose connection is given up at a shutdown is logged as not delivered', async () => {
    const body = Object.assign(new PassThrough(), {
      failure: undefined,
      passedOnBytes: 0,
      passedOn: () => undefined,
    });
    const stop = new AbortController();
    const delivery = postStream(
      METADATA,
      { type: 'stream', contentType: 'text/plain', body },
      {
        runtimeApi: '127.0.0.1:1',
        first: UNUSED_CONNECTION,
        retries: () => UNUSED_CONNECTION,
        signal: stop.signal,
        log: LOG,
        observer: OBSERVER,
      },
    );
    // The connection is being opened.
    stop.abort();
    expect(await delivery).toBe('failed');
    expect(lines).toMatchObject([
      { level: 'error', fields: { requestId: 'r' }, message: 'The answer could not be delivered' },
    ]);
    expect(retries).toBe(0);
    expect(body.destroyed).toBe(true);
  });
});

describe('an init error', () => {
  let api: RuntimeApiServer;
  beforeEach(async () => {
    api = await startRuntimeApiServer();
  });
  afterEach(() => api.close());
  const posting = (stop: AbortSignal) =>
    postInitError(api.address, encodeThrown(new RangeError('no')), LOG, OBSERVER, stop);

  it('is posted again after a 503 and after a reset connection', async () => {
    api.faults.once('init-error', { type: 'status', status: 503 });
    api.faults.once('init-error', { type: 'reset-before' });
    await posting(new AbortController().signal);
    expect(api.initErrors).toMatchObject([{ answered: 202, error: { errorType: 'RangeError' } }]);
    expect(lines).toMatchObject([
      { level: 'error', fields: { failures: 1, reason: expect.stringContaining('503') } },
      { level: 'error', fields: { failures: 2, reason: expect.stringContaining('ECONNRESET') } },
    ]);
  });

  it('is not posted again if it was refused', async () => {
    await posting(new AbortController().signal);
    await posting(new AbortController().signal);
    expect(api.initErrors.map(({ answered }) => answered)).toEqual([202, 403]);
    expect(lines).toEqual([]);
  });

  it('is given up in the middle of a post when the process must end', async () => {
    api.faults.always('init-error', { type: 'hang' });
    const stop = new AbortController();
    const posted = posting(stop.signal);
    await expect.poll(() => api.faults.met).toBe(1);
    stop.abort();
    await posted;
    expect(lines).toEqual([]);
    await posting(stop.signal);
    expect(api.faults.met).toBe(1);
  });
});
