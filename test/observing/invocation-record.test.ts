import { beforeEach, describe, expect, it } from 'vitest';
import { freeMemory } from '../../src/free-memory.ts';
import { encodeThrown } from '../../src/invocation/diagnostic.ts';
import { failureOutcome } from '../../src/invocation/invocation.ts';
import type { Invocation, StreamedOutcome } from '../../src/invocation/invocation.ts';
import { monotonicMs } from '../../src/invocation/time.ts';
import { InvocationRecord } from '../../src/observability/invocation-record.ts';
import type { RecordListener } from '../../src/observability/invocation-record.ts';
import type { InvocationReport } from '../../src/observability/observer.ts';

let reports: (InvocationReport | undefined)[];
let answered: string[];
let record: InvocationRecord;
beforeEach(() => {
  reports = [];
  answered = [];
  record = new InvocationRecord(INVOCATION, 3, 2, LISTENER);
});

const INVOCATION: Invocation = {
  metadata: {
    requestId: 'request',
    deadlineMs: Date.now() + 60_000,
    invokedFunctionArn: 'arn',
    traceId: undefined,
    tenantId: undefined,
    clientContext: undefined,
    cognitoIdentity: undefined,
  },
  event: '{"n":1}',
};
const LISTENER: RecordListener = {
  logsInvocation: () => true,
  onRan: () => undefined,
  onMissedDeadline: () => void answered.push('missed'),
  onAnswered: (outcome, delivery) => void answered.push(`${outcome} ${delivery}`),
  onEnd: (_record, report) => void reports.push(report),
};
const RESPONSE = { type: 'response', body: '"yes"', contentType: 'application/json' } as const;
const ran = () => ({ startedMs: monotonicMs(), handlerMs: 0 });
const failure = () => encodeThrown(new RangeError('no'));

describe('an invocation that is open when the runtime ends', () => {
  it('without an answer counts as shutdown, with a failed delivery', () => {
    record.dispatched(4, true);
    record.close();
    expect(reports).toMatchObject([
      {
        outcome: 'shutdown',
        delivery: 'failed',
        slot: 3,
        inFlight: 2,
        thread: 4,
        firstOnThread: true,
        bytesOut: 0,
      },
    ]);
    expect(answered).toEqual(['shutdown failed']);
  });

  it('with a delivered answer and background work counts as a response', () => {
    record.dispatched(4, false);
    record.ran(ran(), true);
    record.answered(RESPONSE);
    record.delivered('delivered');
    expect(reports).toEqual([]);
    record.close();
    expect(reports).toMatchObject([{ outcome: 'response', background: 'done', bytesOut: 5 }]);
    expect(reports[0]).not.toHaveProperty('delivery');
    expect(answered).toEqual(['response delivered']);
  });

  it('is reported once, whatever follows', () => {
    record.close();
    record.ran(ran(), false);
    record.backgroundFailed();
    record.failed('crash', failure());
    record.settled();
    expect(reports).toHaveLength(1);
    expect(reports[0]).not.toHaveProperty('background');
    expect(reports[0]).not.toHaveProperty('handlerMs');
  });
});

it('an invocation ends when its answer is delivered and its thread is free, in either order', () => {
  record.ran(ran(), false);
  record.answered(RESPONSE);
  record.settled();
  expect(reports).toEqual([]);
  record.delivered('late');
  expect(reports).toMatchObject([{ outcome: 'response', delivery: 'late' }]);
  const other = new InvocationRecord(INVOCATION, 0, 1, LISTENER);
  other.answered(failureOutcome(failure()));
  other.delivered('delivered');
  expect(reports).toHaveLength(1);
  other.settled();
  expect(reports[1]).toMatchObject({ outcome: 'error', errorType: 'RangeError' });
});

it.each([
  ['backgroundFailed', (each: InvocationRecord) => each.backgroundFailed(), 'error'],
  ['failed', (each: InvocationRecord) => each.failed('crash', failure()), 'crash'],
])('background work that ends with %s leaves the outcome as it is', (_how, end, background) => {
  record.ran(ran(), true);
  record.answered(RESPONSE);
  record.delivered('delivered');
  end(record);
  record.settled();
  expect(reports).toMatchObject([{ outcome: 'response', background, backgroundMs: expect.any(Number) }]);
  expect(reports[0]).not.toHaveProperty('errorType');
});

it('a large response is reported with its size, although its memory is freed before the invocation ends', () => {
  const body = new Uint8Array(100_000);
  record.answered({ type: 'response', body, contentType: 'application/json' });
  freeMemory(body);
  record.delivered('delivered');
  record.settled();
  expect(body.byteLength).toBe(0);
  expect(reports).toMatchObject([{ outcome: 'response', bytesOut: 100_000 }]);
});

it('a missed deadline is reported once, without waiting for the handler, which may never end', () => {
  record.failed('deadline', failure());
  record.delivered('delivered');
  expect(reports).toHaveLength(1);
  record.settled();
  expect(reports).toMatchObject([{ outcome: 'deadline', errorType: 'RangeError' }]);
  expect(answered).toEqual(['missed', 'deadline delivered']);
});

describe('a stream', () => {
  const stream = { type: 'stream', body: { passedOnBytes: 12 } } as unknown as StreamedOutcome;

  it.each([
    ['to its end', undefined, { outcome: 'response' }],
    ['with an error after its first bytes', failure(), { outcome: 'error', errorType: 'RangeError' }],
  ])('has the outcome of its end: %s', (_how, ended, report) => {
    record.answered(stream);
    record.streamEnded(ended);
    record.settled();
    record.delivered('delivered');
    expect(reports).toMatchObject([{ ...report, bytesOut: 12 }]);
  });

  it('that the Runtime API does not read to its end is an error', () => {
    record.answered(stream);
    record.delivered('aborted');
    record.streamEnded(undefined);
    record.settled();
    expect(reports).toMatchObject([
      { outcome: 'error', errorType: 'Runtime.TruncatedResponse', delivery: 'aborted' },
    ]);
  });
});
