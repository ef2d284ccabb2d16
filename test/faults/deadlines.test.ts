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

/** The runtime answers about half a second after the event, long before the platform. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
const timed = { timeoutMs: 20_000 };

const EXCEEDED = {
  errorType: 'Runtime.DeadlineExceeded',
  header: 'Runtime.DeadlineExceeded',
  // deadlines-tell.test.ts tests the middle of the message.
  errorMessage: expect.stringMatching(
    /^The handler did not settle before the deadline(: .+)?\. (Listen to|Check) context\..+, or raise the function timeout\.$/,
  ),
};

describe.each([...LAYOUTS, ONE_THREAD])('invocationsPerThread $perThread, threads $threads', (layout) => {
  const shared = layout.perThread > 1;

  it('a waiting handler is answered, its thread is replaced, and other invocations continue', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    const before = await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    expect(await runtime.diagnostic({ do: 'never settle' }, timed)).toMatchObject(EXCEEDED);
    await runtime.whenPolling(1);
    expect(statuses(await neighbours.release())).toEqual(responses(runtime.slots - 1));
    const after = await runtime.expectFullCapacity();
    expect(new Set(after).symmetricDifference(new Set(before)).size).toBe(2);
    runtime.expectAnsweredOnce();
  });

  it('a spinning handler is answered, and its thread is terminated', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    const before = await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    expect(await runtime.diagnostic({ do: 'spin' }, timed)).toMatchObject(EXCEEDED);
    await runtime.whenPolling(layout.perThread);
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

describe.each(LAYOUTS)('with invocationsPerThread $perThread', (layout) => {
  it('missed deadlines in all slots at once are answered, and capacity recovers', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    await runtime.whenPolling(runtime.slots);
    const events = Array.from({ length: runtime.slots }, (_, n) => ({ do: n % 2 ? 'spin' : 'never settle' }));
    for (const result of await Promise.all(events.map((event) => runtime.result(event, timed)))) {
      expect(posted(result).errorType).toMatch(/^Runtime\.(DeadlineExceeded|ThreadTerminated)$/);
    }
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('a handler that listens to context.signal returns its own result and keeps its thread', async () => {
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

  it('a listener on context.signal that throws fails only its own invocation', async () => {
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

  it('if the platform answers first (410), the runtime logs a warning, not an error', async () => {
    await using runtime = await startLayout(layout, { options: { deadlineGraceMs: 100 } });
    await runtime.whenPolling(runtime.slots);
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

  it('onDeadline keep: the slot polls again only after the answered handler has settled', async () => {
    await using runtime = await startLayout(layout, { options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    const before = await runtime.expectFullCapacity();
    const gate = runtime.newGate();
    expect(await runtime.diagnostic({ do: 'wait', gate }, timed)).toMatchObject(EXCEEDED);
    for (let round = 0; round < 5; round += 1) await runtime.invoke({ do: 'healthy' });
    await runtime.whenPolling(runtime.slots - 1);
    expect(runtime.api.openPolls).toBe(runtime.slots - 1);
    await runtime.open(gate);
    expect(new Set(await runtime.expectFullCapacity())).toEqual(new Set(before));
    runtime.expectAnsweredOnce();
  });

  it('onDeadline exit: all invocations are answered, and the process exits with code 1', async () => {
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

it('an invocation that computes while another misses its deadline does not count as blocking', async () => {
  await using runtime = await startLayout({ perThread: 2, threads: 1 }, { options: EARLY_DEADLINE });
  await runtime.whenPolling(2);
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

it('a thread with an abandoned handler gets no new events, and is terminated if that blocks it', async () => {
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

it('a retiring thread ends when its last invocation is abandoned', async () => {
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
    'a handler that does not end (%s) is answered and abandoned',
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

  it('onDeadline keep: the runtime polls again only after the answered handler has settled', async () => {
    await using runtime = await startSingle({ options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    const gate = runtime.newGate();
    expect(await runtime.diagnostic({ do: 'wait', gate }, timed)).toMatchObject(EXCEEDED);
    expect(runtime.api.openPolls).toBe(0);
    await runtime.open(gate);
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });
});
