import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EITHER_LAYOUT,
  LAYOUTS,
  SHAPES,
  SINGLE_MODE,
  posted,
  startLayout,
  startSingle,
  statuses,
} from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

/** The deadline comes about half a second after the event, for invocations that are `timed`. */
const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
const timed = { timeoutMs: 20_000 };

const MISSED = 'Background work missed the deadline';

describe.each(SHAPES)('background work in $mode', ({ mode, start }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => {
    runtime = await start({ options: EARLY_DEADLINE });
    await runtime.whenPolling(runtime.slots);
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('continues after the answer, and keeps its capacity until it has settled', async () => {
    const gate = runtime.newGate();
    const answers = await Promise.all(
      Array.from({ length: runtime.slots }, () => runtime.invoke({ do: 'background wait', gate })),
    );
    expect(answers).toHaveLength(runtime.slots);
    expect(runtime.api.openPolls).toBe(0);
    expect(await runtime.made('background-')).toEqual([]);
    await runtime.open(gate);
    await runtime.marks('background-', runtime.slots);
    await runtime.expectFullCapacity();
  });

  it('keeps its capacity as long as it adds more background work', async () => {
    const [first, second] = [runtime.newGate(), runtime.newGate()];
    await runtime.invoke({ do: 'background chain', first, second });
    await runtime.open(first);
    // Other invocations find capacity, but one slot stays occupied.
    const others = mode === SINGLE_MODE ? 0 : 3;
    for (let round = 0; round < others; round += 1) await runtime.invoke({ do: 'healthy' });
    await runtime.whenPolling(runtime.slots - 1);
    expect(runtime.api.openPolls).toBe(runtime.slots - 1);
    await runtime.open(second);
    await runtime.expectFullCapacity();
  });

  it('that rejects is logged with the request id, and does not cost the thread', async () => {
    const before = await runtime.expectFullCapacity();
    const requestId = 'rejected';
    expect(await runtime.invoke({ do: 'background failure' }, { requestId })).toEqual({
      threadId: expect.any(Number),
    });
    const line = await runtime.logged({ requestId, message: 'Background work failed' });
    expect(line).toMatchObject({
      level: 'ERROR',
      errorType: 'PaymentLost',
      errorMessage: 'in the background',
      stackTrace: expect.arrayContaining([expect.stringMatching(/^ {4}at /)]),
    });
    expect(new Set(await runtime.expectFullCapacity())).toEqual(new Set(before));
  });

  it('that is not a promise counts as settled; a thenable that throws is logged', async () => {
    const requestId = 'thenable';
    await runtime.invoke({ do: 'no promise' }, { requestId });
    await runtime.logged({ requestId, message: 'Background work failed' });
    await runtime.expectFullCapacity();
  });

  it('that is added after its invocation has settled is still logged if it rejects', async () => {
    const [gate, requestId] = [runtime.newGate(), 'late'];
    await runtime.invoke({ do: 'too late for the background', gate }, { requestId });
    await runtime.whenPolling(runtime.slots);
    await runtime.open(gate);
    await runtime.logged({ requestId, message: 'Background work failed' });
    await runtime.expectFullCapacity();
  });

  it('continues when the handler itself has failed', async () => {
    const [gate, requestId] = [runtime.newGate(), 'failed'];
    expect(await runtime.diagnostic({ do: 'background, then failure', gate }, { requestId })).toMatchObject({
      errorType: 'Refused',
    });
    await runtime.open(gate);
    await runtime.marks(`background-${requestId}`, 1);
    await runtime.expectFullCapacity();
  });

  it('is notified of the deadline through context.signal', async () => {
    const requestId = 'listening';
    await runtime.invoke({ do: 'background listen' }, { ...timed, requestId });
    await runtime.marks(`aborted-${requestId}`, 1);
    await runtime.expectFullCapacity();
  });

  it('that never settles frees its capacity at the deadline', async () => {
    const requestId = 'never';
    await runtime.invoke({ do: 'background never' }, { ...timed, requestId });
    await runtime.logged({ level: 'ERROR', requestId, message: MISSED });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });
});

describe.each(LAYOUTS)('background work with invocationsPerThread $perThread', (layout) => {
  it('that never settles or spins has its thread replaced at the deadline', async () => {
    await using runtime = await startLayout(layout, { options: EARLY_DEADLINE });
    const before = new Set(await runtime.expectFullCapacity());
    await runtime.invoke({ do: 'background never' }, { ...timed, requestId: 'never' });
    await runtime.logged({ requestId: 'never', message: MISSED });
    const between = new Set(await runtime.expectFullCapacity());
    expect(between.symmetricDifference(before).size).toBe(2);
    await runtime.invoke({ do: 'background spin' }, { ...timed, requestId: 'spinning' });
    await runtime.logged({ requestId: 'spinning', message: MISSED });
    const after = new Set(await runtime.expectFullCapacity());
    expect(after.symmetricDifference(between).size).toBe(2);
    runtime.expectAnsweredOnce();
  });
});

describe.each(EITHER_LAYOUT)('background work with invocationsPerThread $perThread', (layout) => {
  it('that exits or throws is logged; its answer stands, and other invocations continue', async () => {
    await using runtime = await startLayout(layout);
    await runtime.whenPolling(runtime.slots);
    const [exit, thrown] = [runtime.newGate(), runtime.newGate()];
    await runtime.invoke({ do: 'background exit', gate: exit }, { requestId: 'exiting' });
    await runtime.open(exit);
    await runtime.logged({ requestId: 'exiting', message: 'Uncaught error in a handler', how: 'exit' });
    await runtime.expectFullCapacity();
    const neighbours = await runtime.neighbours(runtime.slots - 1);
    await runtime.invoke({ do: 'background throw', gate: thrown }, { requestId: 'throwing' });
    await runtime.open(thrown);
    await runtime.logged({ requestId: 'throwing', message: 'Uncaught error in a handler' });
    expect(statuses(await neighbours.release())).toEqual({ response: runtime.slots - 1 });
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('onDeadline keep: the slot polls again only when the work has settled', async () => {
    await using runtime = await startLayout(layout, { options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    const before = await runtime.expectFullCapacity();
    const [gate, requestId] = [runtime.newGate(), 'kept'];
    await runtime.invoke({ do: 'background wait', gate }, { ...timed, requestId });
    await runtime.logged({ requestId, message: MISSED, policy: 'keep' });
    for (let round = 0; round < 5; round += 1) await runtime.invoke({ do: 'healthy' });
    await runtime.whenPolling(runtime.slots - 1);
    expect(runtime.api.openPolls).toBe(runtime.slots - 1);
    await runtime.open(gate);
    expect(new Set(await runtime.expectFullCapacity())).toEqual(new Set(before));
  });

  it('onDeadline exit: all invocations are answered, and the process exits with code 1', async () => {
    await using runtime = await startLayout(layout, { options: { ...EARLY_DEADLINE, onDeadline: 'exit' } });
    const gate = runtime.newGate();
    const neighbour = runtime.api.invoke(JSON.stringify({ do: 'wait', gate }), { whenCapacity: true });
    await runtime.marks('arrived-', 1);
    await runtime.invoke({ do: 'background never' }, timed);
    expect(posted(await neighbour).errorType).toBe('Runtime.Shutdown');
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    runtime.expectAnsweredOnce();
  });
});

describe.each(SHAPES)('at shutdown in $mode', ({ start }) => {
  it('the runtime waits for background work', async () => {
    await using runtime = await start({ options: { shutdownTimeoutMs: 60_000 } });
    const gate = runtime.newGate();
    await runtime.invoke({ do: 'background wait', gate }, { requestId: 'draining' });
    runtime.child.kill('SIGTERM');
    await runtime.logged({ message: 'Stopping' });
    await runtime.open(gate);
    expect(await runtime.exited).toEqual({ code: 0, signal: null });
    expect(await runtime.made('background-')).toEqual(['background-draining']);
  });

  it('the runtime waits for background work no longer than shutdownTimeoutMs', async () => {
    await using runtime = await start({ options: { shutdownTimeoutMs: 100 } });
    await runtime.invoke({ do: 'background never' });
    expect(await runtime.stop()).toEqual({ code: 0, signal: null });
    runtime.expectAnsweredOnce();
  });
});

it('background work lost at shutdown is logged, even on a thread that a deadline has retired', async () => {
  await using runtime = await startLayout({ perThread: 2, threads: 1 }, { options: EARLY_DEADLINE });
  await runtime.invoke({ do: 'background never' }, { requestId: 'background' });
  await runtime.diagnostic({ do: 'never settle' }, timed);
  await runtime.invoke({ do: 'healthy' });
  expect(await runtime.stop()).toEqual({ code: 0, signal: null });
  expect(runtime.log.filter(({ message }) => message === 'Background work was lost')).toMatchObject([
    { requestId: 'background', threadEnd: 'stopped', errorType: 'Runtime.Shutdown' },
  ]);
});

describe('in single mode', () => {
  it('background work abandoned at the deadline may still end, and frees its capacity only once', async () => {
    await using runtime = await startSingle({ options: EARLY_DEADLINE });
    const gate = runtime.newGate();
    await runtime.invoke({ do: 'background wait', gate }, { ...timed, requestId: 'left' });
    await runtime.logged({ requestId: 'left', message: MISSED });
    await runtime.invoke({ do: 'healthy' });
    await runtime.open(gate);
    await runtime.marks('background-left', 1);
    await runtime.expectFullCapacity();
    const waiting = await runtime.neighbours(1);
    expect(runtime.api.openPolls).toBe(0);
    await waiting.release();
  });
});
