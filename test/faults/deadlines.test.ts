import { describe, expect, it } from 'vitest';
import {
  LAYOUTS,
  ONE_THREAD,
  posted,
  responses,
  startLayout,
  startSingle,
  statuses,
  threadCount,
} from './fault-runtime.ts';

/** Our own answer comes about half a second after the event, long before the platform's. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
const timed = { timeoutMs: 20_000 };

const EXCEEDED = {
  errorType: 'Runtime.DeadlineExceeded',
  header: 'Runtime.DeadlineExceeded',
  // deadlines-tell.test.ts has what the message says in between.
  errorMessage: expect.stringMatching(
    /^The handler did not settle before the deadline(: .+)?\. (Listen to|Check) context\..+, or raise the function timeout\.$/,
  ),
};

describe.each([...LAYOUTS, ONE_THREAD])('with $perThread on a thread, of $threads', (layout) => {
  const shared = layout.perThread > 1;

  it('a handler that waits is answered, its thread replaced, and neighbours go on', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    const before = await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    expect(await runtime.diagnostic({ do: 'never settle' }, timed)).toMatchObject(EXCEEDED);
    await runtime.whenParked(1);
    expect(statuses(await neighbours.release())).toEqual(responses(runtime.slots - 1));
    const after = await runtime.expectFullCapacity();
    expect(new Set(after).symmetricDifference(new Set(before)).size).toBe(2);
    runtime.expectAnsweredOnce();
  });

  it('a handler that spins is answered, and its thread is taken', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    const before = await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    expect(await runtime.diagnostic({ do: 'spin' }, timed)).toMatchObject(EXCEEDED);
    await runtime.whenParked(layout.perThread);
    const results = await neighbours.release();
    const error = layout.perThread - 1;
    const response = runtime.slots - 1 - error;
    expect(statuses(results)).toEqual(shared ? { response, error } : responses(response));
    for (const result of results.filter(({ status }) => status === 'error')) {
      expect(posted(result)).toMatchObject({
        errorType: 'Runtime.ThreadTerminated',
        errorMessage: expect.stringMatching(
          /because its event loop was blocked past the deadline of another of its invocations, [\w-]{36}(, in .+)?\.$/,
        ),
      });
    }
    const after = await runtime.expectFullCapacity();
    expect(new Set(after).symmetricDifference(new Set(before)).size).toBe(2);
    runtime.expectAnsweredOnce();
  });
});

describe.each(LAYOUTS)('with $perThread on a thread', (layout) => {
  it('all of them at once are answered, and capacity is back', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    await runtime.whenParked(runtime.slots);
    const events = Array.from({ length: runtime.slots }, (_, n) => ({ do: n % 2 ? 'spin' : 'never settle' }));
    for (const result of await Promise.all(events.map((event) => runtime.result(event, timed)))) {
      expect(posted(result).errorType).toMatch(/^Runtime\.(DeadlineExceeded|ThreadTerminated)$/);
    }
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('a handler that listens to context.signal answers for itself, and keeps its thread', async () => {
    await using runtime = await startLayout(layout, {
      options: { ...EARLY_DEADLINE, deadlineGraceMs: 15_000 },
    });
    const before = await runtime.expectFullCapacity();
    expect(await runtime.invoke({ do: 'listen' }, timed)).toMatchObject({
      name: 'TimeoutError',
      code: 'DEADLINE_NEAR',
      message: expect.stringMatching(/^The invocation [\w-]{36} reaches its deadline in \d+ ms\.$/),
    });
    expect(new Set(await runtime.expectFullCapacity())).toEqual(new Set(before));
    runtime.expectAnsweredOnce();
  });

  it('a listener on context.signal that throws: is answered with its error, and nobody else is', async () => {
    await using runtime = await startLayout(layout, {
      options: { ...EARLY_DEADLINE, deadlineGraceMs: 15_000 },
    });
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    expect(await runtime.diagnostic({ do: 'throw in a listener' }, timed)).toMatchObject({
      errorType: 'ListenerFailed',
      errorMessage: 'in a listener',
    });
    expect(statuses(await neighbours.release())).toEqual({ response: runtime.slots - 1 });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('where the platform was first (410), that is logged and no error', async () => {
    await using runtime = await startLayout(layout, { options: { deadlineGraceMs: 100 } });
    await runtime.whenParked(runtime.slots);
    const requestId = 'too-late';
    const event = { do: 'never settle' };
    expect(await runtime.result(event, { requestId, timeoutMs: 200 })).toMatchObject({ status: 'timeout' });
    await runtime.logged({
      level: 'WARN',
      requestId,
      message: expect.stringMatching(/^The answer was too late: Lambda had already reported a timeout/),
    });
    await runtime.expectFullCapacity();
    const { accepted, refused } = runtime.api.deliveries.get(requestId) ?? {};
    expect({ accepted, refused }).toEqual({ accepted: 0, refused: [410] });
    expect(
      runtime.log.filter(({ level }) => level === 'ERROR').map(({ message }) => message),
    ).not.toContainEqual(expect.stringMatching(/answer/));
  });

  it('onDeadline keep: is answered, and its slot polls again only when the handler has settled', async () => {
    await using runtime = await startLayout(layout, { options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    const before = await runtime.expectFullCapacity();
    const gate = runtime.newGate();
    expect(await runtime.diagnostic({ do: 'wait', gate }, timed)).toMatchObject(EXCEEDED);
    for (let round = 0; round < 5; round += 1) await runtime.invoke({ do: 'healthy' });
    await runtime.whenParked(runtime.slots - 1);
    expect(runtime.api.parked).toBe(runtime.slots - 1);
    await runtime.open(gate);
    expect(new Set(await runtime.expectFullCapacity())).toEqual(new Set(before));
    runtime.expectAnsweredOnce();
  });

  it('onDeadline exit: all are answered, and the process exits with 1', async () => {
    await using runtime = await startLayout(layout, { options: { ...EARLY_DEADLINE, onDeadline: 'exit' } });
    const gate = runtime.newGate();
    const neighbour = runtime.api.invoke(JSON.stringify({ do: 'wait', gate }), { whenCapacity: true });
    await runtime.marks('arrived-', 1);
    const late = runtime.api.invoke('{"do":"never settle"}', { whenCapacity: true, ...timed });
    expect(posted(await late)).toMatchObject(EXCEEDED);
    expect(posted(await neighbour).errorType).toBe('Runtime.Shutdown');
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    expect(runtime.log).toContainEqual(
      expect.objectContaining({ level: 'ERROR', reason: expect.stringMatching(/onDeadline is 'exit'/) }),
    );
    runtime.expectAnsweredOnce();
  });
});

it('a neighbour that computes while another misses its deadline is not taken for one that blocks', async () => {
  await using runtime = await startLayout({ perThread: 2, threads: 1 }, { options: EARLY_DEADLINE });
  await runtime.whenParked(2);
  const late = runtime.diagnostic({ do: 'never settle' }, { ...timed, requestId: 'late' });
  await runtime.marks('arrived-late', 1);
  const gate = runtime.newGate();
  const computing = runtime.result({ do: 'compute', gate, ms: 400 });
  expect(await late).toMatchObject(EXCEEDED);
  await runtime.open(gate);
  expect((await computing).status).toBe('response');
  await runtime.expectFullCapacity();
  runtime.expectAnsweredOnce();
});

it('an abandoned handler that blocks its thread later: the thread gets nothing new, and neighbours do not wait for their deadlines', async () => {
  await using runtime = await startLayout({ perThread: 4, threads: 1 }, { options: EARLY_DEADLINE });
  const [threadId] = await runtime.expectFullCapacity();
  const [gate, others] = [runtime.newGate(), runtime.newGate()];
  const late = runtime.diagnostic({ do: 'spin later', gate }, { ...timed, requestId: 'late' });
  const neighbour = runtime.diagnostic(
    { do: 'wait', gate: others },
    { timeoutMs: 100_000, requestId: 'near' },
  );
  await runtime.marks('arrived-', 6);
  expect(await late).toMatchObject(EXCEEDED);
  for (let n = 0; n < 8; n += 1)
    expect(await runtime.invoke({ do: 'healthy' })).not.toMatchObject({ threadId });
  await runtime.open(gate);
  expect(await neighbour).toMatchObject({
    errorType: 'Runtime.ThreadTerminated',
    errorMessage: expect.stringMatching(
      /because its event loop was blocked past the deadline of another of its invocations, late\.$/,
    ),
  });
  await runtime.expectFullCapacity();
  runtime.expectAnsweredOnce();
});

it('a thread that is to end after its last invocation ends, too, when that is abandoned', async () => {
  await using runtime = await startLayout({ perThread: 4, threads: 1 }, { options: EARLY_DEADLINE });
  await runtime.expectFullCapacity();
  const threads = await threadCount(runtime.child.pid);
  const late = runtime.diagnostic({ do: 'never settle' }, { timeoutMs: 22_500, requestId: 'late' });
  await runtime.marks('arrived-late', 1);
  await runtime.failure({ do: 'throw in a timer' });
  expect(runtime.log.map(({ message }) => message)).not.toContain('An invocation missed its deadline');
  expect(await late).toMatchObject(EXCEEDED);
  await expect.poll(() => threadCount(runtime.child.pid), { timeout: 60_000 }).toBe(threads);
  await runtime.expectFullCapacity();
  runtime.expectAnsweredOnce();
});

describe('in single mode', () => {
  it('the signal aborts', async () => {
    await using runtime = await startSingle({ options: { ...EARLY_DEADLINE, deadlineGraceMs: 15_000 } });
    expect(await runtime.invoke({ do: 'listen' }, timed)).toMatchObject({ name: 'TimeoutError' });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it.each(['never settle', 'wait'])(
    'a handler that does not end (%s) is answered, and left to itself',
    async (what) => {
      await using runtime = await startSingle({ options: EARLY_DEADLINE });
      const gate = runtime.newGate();
      expect(await runtime.diagnostic({ do: what, gate }, timed)).toMatchObject(EXCEEDED);
      await runtime.expectFullCapacity();
      await runtime.open(gate);
      expect(await runtime.invoke({ do: 'healthy', n: 1 })).toMatchObject({ n: 1 });
      await runtime.expectFullCapacity();
      runtime.expectAnsweredOnce();
    },
  );

  it('onDeadline keep: a handler that waits on is answered, and polls again when it has settled', async () => {
    await using runtime = await startSingle({ options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    const gate = runtime.newGate();
    expect(await runtime.diagnostic({ do: 'wait', gate }, timed)).toMatchObject(EXCEEDED);
    expect(runtime.api.parked).toBe(0);
    await runtime.open(gate);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });
});
