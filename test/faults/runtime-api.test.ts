import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { Fault } from '../../src/local/runtime-api/faults.ts';
import { POLL_SCHEDULE, delayAfter } from '../../src/retry-schedule.ts';
import { EITHER_LAYOUT, SHAPES, cpuMs, posted, startLayout } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const NOTHING_ACTED_ON: readonly Fault[] = [
  { type: 'refuse' },
  { type: 'reset-before' },
  { type: 'reset-during' },
  { type: 'status', status: 500 },
  { type: 'status', status: 503, body: '<html>' },
  { type: 'garbage' },
];

describe.each(EITHER_LAYOUT)('with invocationsPerThread $perThread', (layout) => {
  let runtime: FaultRuntime;
  beforeAll(async () => (runtime = await startLayout(layout)));
  afterAll(() => runtime[Symbol.asyncDispose]());

  describe('/next', () => {
    it.each(NOTHING_ACTED_ON.filter(({ type }) => type !== 'reset-during'))(
      '$type $status: the poll is repeated',
      async (fault) => {
        await runtime.whenPolling(runtime.slots);
        const { met } = runtime.api.faults;
        runtime.api.faults.once('next', fault);
        runtime.api.faults.once('next', fault);
        await runtime.invoke({ do: 'healthy' });
        await runtime.expectFullCapacity();
        expect(runtime.api.faults.met).toBe(met + 2);
        runtime.expectAcceptedOnce();
      },
    );

    it.each<Fault>([{ type: 'reset-during' }, { type: 'truncated-body' }])(
      '$type, in the middle of an event: the caller gets Runtime.MalformedEvent',
      async (fault) => {
        await runtime.whenPolling(runtime.slots);
        runtime.api.faults.once('next', fault);
        const event = { do: 'healthy', padding: 'x'.repeat(200_000) };
        expect(await runtime.diagnostic(event)).toMatchObject({
          errorType: 'Runtime.MalformedEvent',
          header: 'Runtime.MalformedEvent',
          errorMessage: expect.stringMatching(/the event's body was cut off/),
        });
        await runtime.expectFullCapacity();
        runtime.expectAcceptedOnce();
      },
    );

    it('the error for a truncated event is posted again until it is accepted', async () => {
      await runtime.whenPolling(runtime.slots);
      runtime.api.faults.once('next', { type: 'truncated-body' });
      // More failures than the minimum number of tries, for more than three seconds.
      for (let fault = 0; fault < 7; fault += 1)
        runtime.api.faults.once('error', { type: 'status', status: 500 });
      const event = { do: 'healthy', padding: 'x'.repeat(200_000) };
      expect((await runtime.diagnostic(event)).errorType).toBe('Runtime.MalformedEvent');
      await runtime.expectFullCapacity();
      runtime.expectAcceptedOnce();
    });

    it('a reset before the event arrives loses the event, but not the slot', async () => {
      await runtime.whenPolling(runtime.slots);
      const requestId = 'lost';
      runtime.api.faults.once({ at: 'next', requestId: (id) => id === requestId }, { type: 'reset-after' });
      const result = await runtime.result({ do: 'healthy' }, { requestId, timeoutMs: 300 });
      expect(result.status).toBe('timeout');
      await runtime.expectFullCapacity();
      expect(runtime.api.deliveries.get(requestId)).toMatchObject({ accepted: 0, refused: [] });
    });
  });

  describe.each([
    { at: 'response', event: { do: 'healthy', n: 7 }, status: 'response' },
    { at: 'error', event: { do: 'fail' }, status: 'error' },
  ] as const)('/$at', ({ at, event, status }) => {
    it.each<Fault>([...NOTHING_ACTED_ON, { type: 'delay', ms: 100 }])(
      '$type $status: the answer is posted again if necessary, and accepted once',
      async (fault) => {
        const requestId = `${at}-${fault.type}-${'status' in fault ? fault.status : ''}`;
        runtime.api.faults.once({ at, requestId: (id) => id === requestId }, fault);
        const neighbour = runtime.invoke({ do: 'healthy' });
        expect(await runtime.result(event, { requestId })).toMatchObject({ status });
        await neighbour;
        await runtime.expectFullCapacity();
        expect(runtime.api.faults.pending).toBe(0);
        expect(runtime.api.deliveries.get(requestId)).toMatchObject({ accepted: 1, refused: [] });
      },
    );

    it('a reply whose body is cut off counts by its status, without a retry', async () => {
      const requestId = `${at}-cut-off`;
      runtime.api.faults.once({ at, requestId: (id) => id === requestId }, { type: 'truncated-body' });
      expect(await runtime.result(event, { requestId })).toMatchObject({ status });
      await runtime.expectFullCapacity();
      expect(runtime.api.deliveries.get(requestId)).toMatchObject({ accepted: 1, refused: [] });
      expect(runtime.log).not.toContainEqual(expect.objectContaining({ requestId, level: 'WARN' }));
    });

    it('after a reset instead of a status, a 400 for the second copy counts as delivered', async () => {
      const requestId = `${at}-reset-after`;
      runtime.api.faults.once({ at, requestId: (id) => id === requestId }, { type: 'reset-after' });
      expect(await runtime.result(event, { requestId })).toMatchObject({ status });
      await runtime.logged({ requestId, level: 'WARN', message: 'Answering failed, will retry' });
      await runtime.expectFullCapacity();
      await expect
        .poll(() => runtime.api.deliveries.get(requestId), { timeout: 60_000 })
        .toMatchObject({ accepted: 1, refused: [400] });
      // For an error of the handler, the message of the log line is not a string.
      const message = expect.any(String);
      expect(runtime.log).not.toContainEqual(expect.objectContaining({ requestId, level: 'ERROR', message }));
    });

    it('after five failures, the sixth try is accepted; meanwhile the slot polls again', async () => {
      const requestId = `${at}-again`;
      for (let time = 0; time < 5; time += 1) {
        runtime.api.faults.once({ at, requestId: (id) => id === requestId }, { type: 'status', status: 502 });
      }
      const result = runtime.result(event, { requestId });
      await runtime.logged({ requestId, message: 'Answering failed, will retry' });
      await runtime.whenPolling(runtime.slots);
      expect(await result).toMatchObject({ status });
      expect(runtime.api.faults.pending).toBe(0);
    });

    it('an answer that cannot be delivered is given up after the deadline, and logged', async () => {
      const requestId = `${at}-hopeless`;
      const takeBack = runtime.api.faults.always(
        { at, requestId: (id) => id === requestId },
        { type: 'status', status: 500 },
      );
      expect(await runtime.result(event, { requestId, timeoutMs: 500 })).toMatchObject({ status: 'timeout' });
      await runtime.logged({ requestId, level: 'ERROR', message: 'The answer could not be delivered' });
      takeBack();
      await runtime.expectFullCapacity();
    });
  });

  describe('a response that is too large becomes an error', () => {
    async function expectReplaced(requestId: string): Promise<void> {
      await runtime.logged({ requestId, message: 'Invocation ended', delivery: 'replaced' });
      const errors = runtime.log.filter(
        (line) => line['requestId'] === requestId && line['level'] === 'ERROR',
      );
      expect(errors).toMatchObject([{ message: 'The response is too large for Lambda' }]);
      await runtime.expectFullCapacity();
    }

    it('that Lambda itself reports to the caller', async () => {
      const requestId = 'too-large';
      const event = { do: 'large', bytes: 7 * 1024 * 1024 };
      expect(await runtime.diagnostic(event, { requestId })).toMatchObject({
        errorType: 'Function.ResponseSizeTooLarge',
        errorMessage: expect.stringMatching(/^Response payload size \(\d+ bytes\) exceeded/),
      });
      await expectReplaced(requestId);
      expect(runtime.api.deliveries.get(requestId)?.refused).toEqual([413, 400]);
    });

    it('that the runtime reports to the caller if Lambda does not', async () => {
      const requestId = 'refused';
      runtime.api.faults.once('response', { type: 'status', status: 413 });
      expect(await runtime.diagnostic({ do: 'healthy' }, { requestId })).toMatchObject({
        errorType: 'Function.ResponseSizeTooLarge',
        header: 'Function.ResponseSizeTooLarge',
        errorMessage: expect.stringMatching(/larger than Lambda accepts \(6 MiB\)/),
      });
      await expectReplaced(requestId);
    });
  });

  it.each([
    { at: 'response', event: { do: 'wait' } },
    { at: 'error', event: { do: 'wait, then fail' } },
  ])(
    'the /$at to an invocation that Lambda has aborted is a warning, and the slot continues',
    async ({ at, event }) => {
      await runtime.whenPolling(runtime.slots);
      const [gate, requestId] = [runtime.newGate(), `aborted-${at}`];
      const result = runtime.result({ ...event, gate }, { requestId });
      await runtime.marks(`arrived-${requestId}`, 1);
      expect(runtime.api.abortInvocations()).toBe(1);
      expect(await result).toMatchObject({ errorType: 'Client.ExecutionEnvironmentShutDown' });
      await runtime.open(gate);
      await runtime.logged({ requestId, message: 'Invocation ended', delivery: 'aborted' });
      await runtime.logged({
        requestId,
        level: 'WARN',
        message: 'The answer was too late: Lambda had already ended the invocation',
      });
      // An error of the handler is logged as an error even though the invocation was aborted.
      const errors = runtime.log.filter(
        (line) => line['requestId'] === requestId && line['level'] === 'ERROR',
      );
      expect(errors).toMatchObject(at === 'error' ? [{ errorMessage: 'as asked for' }] : []);
      await runtime.expectFullCapacity();
    },
  );

  it('an answer that is refused with 400 for another reason is an error', async () => {
    const requestId = 'malformed';
    const body = '{"errorType":"InvalidFunctionResponseMode"}';
    runtime.api.faults.once('response', { type: 'status', status: 400, body });
    const result = await runtime.result({ do: 'healthy' }, { requestId, timeoutMs: 300 });
    expect(result).toMatchObject({ status: 'timeout' });
    await runtime.logged({ requestId, level: 'ERROR', message: 'The Runtime API refused the answer' });
    await runtime.logged({ requestId, message: 'Invocation ended', delivery: 'failed' });
    await runtime.expectFullCapacity();
  });

  describe('a malformed event', () => {
    it.each([
      ['no deadline', { 'Lambda-Runtime-Deadline-Ms': undefined }, /Deadline-Ms is missing/],
      ['an empty deadline', { 'Lambda-Runtime-Deadline-Ms': '' }, /Deadline-Ms is missing/],
      ['a deadline that is no number', { 'Lambda-Runtime-Deadline-Ms': 'soon' }, /is not a number: soon/],
      ['a negative deadline', { 'Lambda-Runtime-Deadline-Ms': '-1' }, /is not a number: -1/],
      [
        'a client context that is no JSON',
        { 'Lambda-Runtime-Client-Context': '{' },
        /Client-Context.*not valid JSON/,
      ],
      [
        'an identity that is no JSON',
        { 'Lambda-Runtime-Cognito-Identity': 'me' },
        /Cognito-Identity.*not valid JSON/,
      ],
    ])('with %s is answered', async (_what, headers, errorMessage) => {
      expect(await runtime.diagnostic({ do: 'healthy' }, { headers })).toMatchObject({
        errorType: 'Runtime.MalformedEvent',
        errorMessage: expect.stringMatching(errorMessage),
      });
      await runtime.expectFullCapacity();
    });

    it('that is not JSON is answered', async () => {
      const result = await runtime.api.invoke('{"do":', { whenCapacity: true });
      expect(posted(result)).toMatchObject({ errorType: 'Runtime.MalformedEvent' });
      await runtime.expectFullCapacity();
    });

    it.each([
      ['no request id', { 'Lambda-Runtime-Aws-Request-Id': undefined }, /Request-Id is missing/],
      ['an empty request id', { 'Lambda-Runtime-Aws-Request-Id': '' }, /Request-Id is missing/],
      [
        'a request id that is a path',
        { 'Lambda-Runtime-Aws-Request-Id': '../../init/error?' },
        /not allowed in a path/,
      ],
    ])('with %s is logged', async (_what, headers, reason) => {
      const result = await runtime.result({ do: 'healthy' }, { headers, timeoutMs: 200 });
      expect(result.status).toBe('timeout');
      await runtime.logged({
        level: 'ERROR',
        message: 'A malformed event arrived',
        reason: expect.stringMatching(reason),
      });
      await runtime.expectFullCapacity();
      expect(runtime.api.initErrors).toEqual([]);
    });

    it('does not include an event with empty optional headers', async () => {
      const names = ['Trace-Id', 'Client-Context', 'Cognito-Identity', 'Aws-Tenant-Id'];
      const headers = Object.fromEntries(names.map((name) => [`Lambda-Runtime-${name}`, '']));
      expect(await runtime.invoke({ do: 'healthy', n: 1 }, { headers })).toMatchObject({ n: 1 });
    });
  });
});

describe.each(SHAPES)('in $mode, the Runtime API', ({ start }) => {
  it('is not there at the start: the runtime retries without CPU load', async () => {
    const port = await freePort();
    await using runtime = await start({ address: `127.0.0.1:${port}` });
    await expectIdle(runtime);
    await using api = await startRuntimeApiServer({ port });
    await runtime.unlessExited(api.whenPolling(runtime.slots));
    const result = await runtime.unlessExited(api.invoke('{"do":"healthy","n":3}', { whenCapacity: true }));
    expect(result.status).toBe('response');
  });

  it('goes away and comes back: the runtime keeps running and serves again', async () => {
    const first = await startRuntimeApiServer();
    await using runtime = await start({ api: first });
    await runtime.whenPolling(runtime.slots);
    const gate = runtime.newGate();
    void first.invoke(JSON.stringify({ do: 'wait', gate }));
    await runtime.marks('arrived-', 1);
    await first.close();
    await runtime.open(gate);
    await runtime.logged({ message: 'Polling failed, will retry', failures: 3 });
    await using second = await startRuntimeApiServer({ port: first.port });
    await runtime.unlessExited(second.whenPolling(runtime.slots));
    const result = await runtime.unlessExited(second.invoke('{"do":"healthy","n":4}'));
    expect(result.status).toBe('response');
  });

  it('refuses answers: the connections for retries are closed when they are no longer needed', async () => {
    await using api = await startRuntimeApiServer();
    let taken = 0;
    const open = new Set<Socket>();
    const proxy = createServer((socket) => {
      taken += 1;
      open.add(socket);
      socket.on('close', () => open.delete(socket));
      pipeline(socket, connect(api.port, '127.0.0.1'), socket).catch(() => undefined);
    });
    const address = await listen(proxy);
    try {
      await using runtime = await start({ api, address });
      await runtime.whenPolling(runtime.slots);
      const atRest = open.size;
      for (let slot = 0; slot < runtime.slots; slot += 1)
        api.faults.once('response', { type: 'status', status: 503 });
      const events = Array.from({ length: runtime.slots }, () => runtime.invoke({ do: 'healthy' }));
      await Promise.all(events);
      expect(taken).toBeGreaterThan(atRest);
      await expect.poll(() => open.size, { timeout: 60_000 }).toBe(atRest);
      await runtime.expectFullCapacity();
    } finally {
      proxy.close();
    }
  });

  it('cuts off an error response: the poll is repeated, and no malformed event is logged', async () => {
    const listener = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () =>
        socket.end('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n{'),
      );
    });
    const address = await listen(listener);
    try {
      await using runtime = await start({ address, options: { registerExtension: false } });
      await runtime.logged({ message: 'Polling failed, will retry', failures: 3 });
      expect(runtime.log.filter(({ level }) => level === 'ERROR')).toEqual([]);
    } finally {
      listener.close();
    }
  });

  it('closes connections at once: the runtime retries without CPU load', async () => {
    let taken = 0;
    const listener = createServer((socket) => {
      taken += 1;
      socket.destroy();
    });
    const address = await listen(listener);
    try {
      await using runtime = await start({ address, options: { registerExtension: false } });
      await expectIdle(runtime);
      expect(taken).toBeLessThan(runtime.slots * 50);
    } finally {
      listener.close();
    }
  });
});

/** Listens on a free port. Resolves with the address. */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('the poll schedule gives up after 20 tries in about 15 minutes', () => {
  const delays = (random: number) => {
    const found: number[] = [];
    for (let failures = 1; ; failures += 1) {
      const delayMs = delayAfter(failures, POLL_SCHEDULE, random);
      if (delayMs === undefined) return found;
      found.push(delayMs);
    }
  };
  const total = (random: number) => delays(random).reduce((sum, delayMs) => sum + delayMs, 0) / 60_000;
  expect(delays(0.5)).toHaveLength(19);
  expect(total(1)).toBeLessThan(20);
  expect(total(0)).toBeGreaterThan(7);
  expect(total(0.999)).toBeGreaterThan(15);
});

/** Expects that some retries take little CPU time: a busy loop would take a whole core. */
async function expectIdle(runtime: FaultRuntime): Promise<void> {
  await runtime.logged({ message: 'Polling failed, will retry', failures: 3 });
  const [startedMs, before] = [performance.now(), await cpuMs(runtime.child.pid)];
  await runtime.logged({ message: 'Polling failed, will retry', failures: 5 });
  const used = (await cpuMs(runtime.child.pid)) - before;
  expect(used).toBeLessThan(0.5 * (performance.now() - startedMs));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
