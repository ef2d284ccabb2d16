import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { EARLY_DEADLINE, EITHER_MODE, TWO_THREADS, ask, timed } from './observed-runtime.ts';

interface Telemetry {
  readonly spans: readonly {
    readonly name: string;
    readonly kind: SpanKind;
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly status: { readonly code: SpanStatusCode; readonly message?: string };
    readonly traceId: string;
    readonly spanId: string;
    readonly parent?: string;
  }[];
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: string;
    readonly points: readonly Point[];
  }[];
}

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number | { readonly count: number; readonly sum: number };
}

const OBSERVED = { env: { OBSERVE: 'otel', AWS_LAMBDA_FUNCTION_NAME: 'pictures' } };

describe.each(EITHER_MODE)('OpenTelemetry in $mode', ({ slots, start }) => {
  it('has a span for each invocation, in the trace of its caller, and one for its answer', async () => {
    await using runtime = await start(OBSERVED);
    const traceId = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    await runtime.invoke({ do: 'healthy' }, { requestId: 'first', traceId });
    const spans = await spansOf(runtime, 'first');
    expect(spans).toMatchObject([
      { name: 'answer', kind: SpanKind.CLIENT, attributes: { 'http.response.status_code': 202 } },
      {
        name: 'pictures',
        kind: SpanKind.SERVER,
        status: { code: SpanStatusCode.UNSET },
        traceId: '5759e988bd862e3fe1be46a994272793',
        parent: '53995c3f42cd8ad8',
        attributes: {
          'faas.invocation_id': 'first',
          'lambda_managed_runtime.outcome': 'response',
          'lambda_managed_runtime.bytes_in': '{"do":"healthy"}'.length,
          'lambda_managed_runtime.handler_ms': expect.any(Number),
        },
      },
    ]);
    expect(spans[0]).toMatchObject({ parent: spans[1]?.spanId, traceId: spans[1]?.traceId });
  });

  it('marks the span of a failed invocation', async () => {
    await using runtime = await start(OBSERVED);
    await runtime.failure({ do: 'fail' }, { requestId: 'refused' });
    const [, span] = await spansOf(runtime, 'refused');
    expect(span).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'as asked for' },
      attributes: { 'error.type': 'Refused', 'lambda_managed_runtime.outcome': 'error' },
    });
    expect(span?.parent).toBeUndefined();
  });

  it('marks the span of an answer that is refused', async () => {
    await using runtime = await start(OBSERVED);
    runtime.api.faults.once('response', { type: 'status', status: 500 });
    await runtime.invoke({ do: 'healthy' }, { requestId: 'repeated' });
    const spans = await spansOf(runtime, 'repeated');
    expect(spans.filter(({ name }) => name === 'answer')).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '500' } },
      { status: { code: SpanStatusCode.UNSET }, attributes: { 'http.response.status_code': 202 } },
    ]);
  });

  it('has the metrics of invocations and slots', async () => {
    await using runtime = await start({ ...OBSERVED, options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    await runtime.whenPolling(slots);
    await runtime.invoke({ do: 'healthy' });
    await runtime.failure({ do: 'fail' });
    runtime.api.faults.once('response', { type: 'status', status: 500 });
    await runtime.invoke({ do: 'healthy' });
    await runtime.failure({ do: 'never settle' }, timed);
    await expect.poll(async () => total(await telemetry(runtime), 'faas.invocations'), POLL_OPTIONS).toBe(4);
    const found = await telemetry(runtime);
    expect(points(found, 'faas.invocations', 'outcome')).toEqual({ response: 2, error: 1, deadline: 1 });
    expect(points(found, 'faas.errors', 'error.type')).toEqual({ Refused: 1 });
    expect(total(found, 'faas.timeouts')).toBe(1);
    expect(points(found, 'lambda_managed_runtime.slots', 'state')).toEqual({
      waiting: 0,
      polling: slots - 1,
      busy: 1,
    });
    expect(total(found, 'lambda_managed_runtime.in_flight')).toBe(0);
    expect(points(found, 'lambda_managed_runtime.runtime_api.retries', 'request')).toEqual({
      poll: 0,
      answer: 1,
    });
    const durations = found.metrics.find((metric) => metric.name === 'faas.invoke_duration');
    expect(durations).toMatchObject({ unit: 's' });
    expect(durations?.points.reduce((sum, { value }) => sum + (value as { count: number }).count, 0)).toBe(4);
    const [dispatch] =
      found.metrics.find((m) => m.name === 'lambda_managed_runtime.dispatch.duration')?.points ?? [];
    expect(dispatch?.value).toMatchObject({ count: 3 });
  });

  it('receives nothing after it is stopped', async () => {
    await using runtime = await start(OBSERVED);
    await ask(runtime, 'stop otel', 'stopped');
    await runtime.invoke({ do: 'healthy' });
    await runtime.whenPolling(slots);
    const { spans, metrics } = await telemetry(runtime);
    expect(spans.filter(({ name }) => name === 'pictures')).toEqual([]);
    expect(metrics.filter(({ points }) => points.length > 0)).toEqual([]);
  });
});

it('threads have a span for their start, and are counted when they are replaced', async () => {
  await using runtime = await TWO_THREADS.start(OBSERVED);
  await runtime.expectFullCapacity();
  await runtime.failure({ do: 'exit', code: 1 });
  await runtime.expectFullCapacity();
  const found = await telemetry(runtime);
  const starts = found.spans.filter(({ name }) => name === 'thread start');
  // They are ready in any order.
  expect(starts.map(({ attributes }) => attributes['lambda_managed_runtime.thread']).toSorted()).toEqual([
    1, 2, 3,
  ]);
  expect(points(found, 'lambda_managed_runtime.threads', 'state')).toMatchObject({ starting: 0, idle: 2 });
  expect(points(found, 'lambda_managed_runtime.threads.replaced', 'cause')).toMatchObject({
    exit: 1,
    deadline: 0,
  });
});

it('the span of a thread that does not start reports the error', async () => {
  await using runtime = await TWO_THREADS.start({
    workerFile: 'loads-if-allowed.mjs',
    env: { ...OBSERVED.env, ONLY_FIRST: 'yes' },
  });
  await runtime.whenPolling(1);
  await runtime.open('others');
  await runtime.logged({ message: 'A thread did not start, will retry' });
  const { spans } = await telemetry(runtime);
  expect(spans).toContainEqual(
    expect.objectContaining({
      name: 'thread start',
      status: { code: SpanStatusCode.ERROR, message: 'The thread failed to start.' },
      attributes: expect.objectContaining({ 'error.type': 'startFailed' }),
    }),
  );
});

it('the span of a thread that is starting when the runtime stops has no error', async () => {
  await using runtime = await TWO_THREADS.start({
    workerFile: 'loads-if-allowed.mjs',
    env: { ...OBSERVED.env, ONLY_FIRST: 'yes' },
  });
  const starts: SpanStatusCode[] = [];
  runtime.child.on('message', ({ threadStart }: { threadStart?: SpanStatusCode }) => {
    if (threadStart !== undefined) starts.push(threadStart);
  });
  await runtime.whenPolling(1);
  await runtime.stop();
  expect(starts).toEqual([SpanStatusCode.UNSET, SpanStatusCode.UNSET]);
});

async function telemetry(runtime: FaultRuntime): Promise<Telemetry> {
  const { otel } = await ask<{ otel: Telemetry }>(runtime, 'otel', 'otel');
  return otel;
}

/** The span of an invocation and those below it, in the order in which they ended. */
async function spansOf(runtime: FaultRuntime, requestId: string): Promise<Telemetry['spans']> {
  const own = (spans: Telemetry['spans']) =>
    spans.find(({ attributes }) => attributes['faas.invocation_id'] === requestId);
  const all = async () => (await telemetry(runtime)).spans;
  await expect.poll(async () => own(await all()), POLL_OPTIONS).toBeDefined();
  const spans = await all();
  const span = own(spans);
  return spans.filter(({ spanId, parent }) => spanId === span?.spanId || parent === span?.spanId);
}

function total(found: Telemetry, name: string): number {
  return Object.values(points(found, name, '')).reduce((sum, value) => sum + value, 0);
}

function points(found: Telemetry, name: string, attribute: string): Record<string, number> {
  const metric = found.metrics.find((each) => each.name === name);
  return Object.fromEntries(
    (metric?.points ?? []).map(({ attributes, value }, index) => [
      attribute === '' ? index : String(attributes[attribute]),
      value as number,
    ]),
  );
}
