import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { emitEmf } from '../../src/emf/index.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';
import { EARLY_DEADLINE, EITHER_MODE, timed } from './observed-runtime.ts';

/** The rules of AWS's specification for a document, and of CloudWatch for names and values. */
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));
const number = v.pipe(v.number(), v.finite());
const DOCUMENT = v.looseObject({
  _aws: v.strictObject({
    Timestamp: v.pipe(v.number(), v.integer(), v.minValue(1_600_000_000_000)),
    CloudWatchMetrics: v.pipe(
      v.array(
        v.strictObject({
          Namespace: v.pipe(name, v.regex(/^[\w./#:-]+$/), v.maxLength(256)),
          Dimensions: v.array(v.pipe(v.array(name), v.maxLength(30))),
          Metrics: v.pipe(
            v.array(v.strictObject({ Name: name, Unit: v.picklist(['Count', 'Milliseconds', 'Percent']) })),
            v.maxLength(100),
          ),
        }),
      ),
      v.minLength(1),
    ),
  }),
});
const VALUE = v.union([number, v.pipe(v.array(number), v.minLength(1), v.maxLength(100))]);

describe.each(EITHER_MODE)('the embedded metric format in $mode', ({ slots, start }) => {
  const observed = (emf: object = {}) => ({
    env: { OBSERVE: 'emf', EMF: JSON.stringify(emf), AWS_LAMBDA_FUNCTION_NAME: 'pictures' },
  });

  it('is a valid document on stdout with the metrics of the interval', async () => {
    await using runtime = await start({
      ...observed({ namespace: 'Pictures' }),
      options: { logInvocations: 'all' },
    });
    await runtime.whenPolling(slots);
    for (let n = 0; n < 120; n += 1) {
      const requestId = `healthy-${n}`;
      await runtime.invoke({ do: 'healthy' }, { requestId });
      // The invocation is in flight until its answer has been acknowledged.
      await runtime.logged({ message: 'Invocation ended', requestId });
    }
    await runtime.failure({ do: 'fail' });
    await runtime.whenPolling(slots);
    runtime.child.send('end of emf');
    const [line] = await documents(runtime, 1);
    expect(valid(line)).toEqual({ Namespace: 'Pictures', FunctionName: 'pictures' });
    expect(line).toMatchObject({
      Invocations: 121,
      Errors: 1,
      Crashes: 0,
      DeadlineMisses: 0,
      InFlightMax: 1,
    });
    expect(line).toMatchObject({ ThreadsReplaced: 0, RuntimeApiRetries: 0 });
    for (const share of ['SlotUtilization', 'ThreadUtilization', 'CpuUtilization']) {
      expect(line?.[share]).toBeGreaterThan(0);
      expect(line?.[share]).toBeLessThanOrEqual(100);
    }
    expect(line?.['DispatchWait']).toHaveLength(100);
    expect(line?.['Duration']).toHaveLength(100);
    expect(line?.['DispatchWaitMax']).toBeGreaterThanOrEqual(
      Math.max(...(line?.['DispatchWait'] as number[])),
    );
  });

  it('is written at each interval, and counts each invocation once', async () => {
    await using runtime = await start(observed({ intervalMs: 50 }));
    await runtime.whenPolling(slots);
    for (let n = 0; n < 20; n += 1) await runtime.invoke({ do: 'healthy' });
    const counted = async () => {
      const lines = await documents(runtime, 1);
      return lines.reduce((sum, { Invocations }) => sum + Number(Invocations), 0);
    };
    await expect.poll(counted, POLL_OPTIONS).toBe(20);
    const lines = await documents(runtime, 3);
    for (const line of lines) expect(valid(line)).toMatchObject({ Namespace: 'LambdaManagedRuntime' });
    const samples = lines.flatMap(({ Duration }) => (Duration ?? []) as number[]);
    await expect.poll(() => samples.length, POLL_OPTIONS).toBeLessThanOrEqual(20);
  });

  it('counts missed deadlines, and accepts dimensions', async () => {
    const emf = observed({ dimensions: { Stage: 'test', Pool: 'a' } });
    await using runtime = await start({ ...emf, options: { ...EARLY_DEADLINE, onDeadline: 'keep' } });
    await runtime.whenPolling(slots);
    await runtime.failure({ do: 'never settle' }, timed);
    runtime.child.send('end of emf');
    const [line] = await documents(runtime, 1);
    expect(valid(line)).toMatchObject({ Stage: 'test', Pool: 'a' });
    expect(line).toMatchObject({ DeadlineMisses: 1, Invocations: 1 });
    expect(line).not.toHaveProperty('DispatchWait');
  });
});

it.each([0, -1, Number.NaN, Infinity, 2 ** 31])('an interval of %d ms is refused', (intervalMs) => {
  const source = { stats: () => expect.fail('no metrics are needed') };
  expect(() => emitEmf(source, { intervalMs })).toThrow(
    /^intervalMs must be more than 0 and at most 2147483647/,
  );
});

type Document = Record<string, unknown>;

/** Resolves with the documents on stdout when there are at least this many. */
async function documents(runtime: FaultRuntime, count: number): Promise<Document[]> {
  const found = () => (runtime.log as Document[]).filter((line) => '_aws' in line);
  await expect.poll(() => found().length, POLL_OPTIONS).toBeGreaterThanOrEqual(count);
  return found();
}

/** Asserts that each metric and dimension of the document is in it; resolves with namespace and dimensions. */
function valid(document: Document | undefined): object {
  const { _aws } = v.parse(DOCUMENT, document);
  const [directive] = _aws.CloudWatchMetrics;
  const dimensions = Object.fromEntries(
    (directive?.Dimensions[0] ?? []).map((key) => [key, document?.[key]]),
  );
  for (const value of Object.values(dimensions)) v.parse(name, value);
  for (const { Name } of directive?.Metrics ?? []) v.parse(VALUE, document?.[Name]);
  const told = [...Object.keys(dimensions), ...(directive?.Metrics ?? []).map(({ Name }) => Name), '_aws'];
  expect(Object.keys(document ?? {}).toSorted()).toEqual(told.toSorted());
  return { Namespace: directive?.Namespace, ...dimensions };
}
