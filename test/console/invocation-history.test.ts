import { beforeEach, describe, expect, it } from 'vitest';
import { InvocationHistory } from '../../src/console/invocation-history.ts';
import { failedResult, timedOutResult, unavailableResult } from '../../src/local/invoke.ts';
import type { InvokeResult } from '../../src/local/invoke.ts';
import type { PublishedInvocation } from '../../src/observability/channels.ts';
import type { InvocationReport } from '../../src/observability/observer.ts';

let answered: number[];
let history: InvocationHistory;
beforeEach(() => {
  answered = [];
  history = new InvocationHistory((durationMs) => answered.push(durationMs));
});

const ID = 'request';
const PUBLISHED: PublishedInvocation = {
  requestId: ID,
  functionArn: '',
  traceId: undefined,
  tenantId: undefined,
  arrivedAtMs: 0,
  deadlineMs: 7,
  slot: 3,
  bytesIn: 2,
};
const REPORT: InvocationReport = {
  requestId: ID,
  outcome: 'crash',
  errorType: 'Runtime.ExitError',
  durationMs: 1,
  overDeadlineMs: 0,
  slot: 3,
  inFlight: 1,
  bytesIn: 2,
  bytesOut: 0,
};
const ERROR = { errorType: 'RangeError', errorMessage: 'no', stackTrace: [] };

const response = (body: string, totalBytes = body.length): InvokeResult => ({
  status: 'response',
  requestId: ID,
  body: Buffer.from(body),
  totalBytes,
  contentType: 'application/json',
  mode: 'buffered',
  trailers: {},
});
const failed = (body: string): InvokeResult =>
  failedResult(ID, { rawErrorType: 'Function.RangeError', body: Buffer.from(body) });

/** Resolves with the invocation's details after its caller has got the result. */
async function detailAfter(result: InvokeResult | Promise<never>) {
  const settled = Promise.resolve(result);
  history.called(ID, '{}', settled);
  await settled.catch(() => undefined);
  // Lets the history react to the same promise.
  await new Promise(setImmediate);
  return history.detail(ID);
}

describe('a call that no slot takes ends with what its caller gets:', () => {
  it.each([
    {
      what: 'a response',
      result: response('"yes"'),
      state: { outcome: 'response' },
      rest: { answer: { text: '"yes"', bytes: 5, cut: false } },
    },
    {
      what: 'the beginning of a stream',
      result: response('yes', 40_000),
      state: { outcome: 'response' },
      rest: { answer: { text: 'yes', bytes: 40_000, cut: true } },
    },
    {
      what: 'an error, by the name that it has in the code of the handler',
      result: failed(JSON.stringify(ERROR)),
      state: { outcome: 'error', errorType: 'Function.RangeError' },
      rest: { errorMessage: 'no', caller: { errorType: 'RangeError' } },
    },
    {
      what: 'an error that is not JSON',
      result: failed('broken'),
      state: { outcome: 'error', errorType: 'Function.RangeError' },
      rest: { answer: { text: 'broken' }, caller: { errorType: 'Function.RangeError' } },
    },
    {
      what: "Lambda's timeout",
      result: timedOutResult(ID, 3_000, undefined),
      state: { outcome: 'deadline', errorType: 'Sandbox.Timedout' },
      rest: { errorMessage: expect.stringContaining('timed out after 3.00 seconds') },
    },
    {
      what: 'a refusal',
      result: unavailableResult('No /next is open'),
      state: { outcome: 'unavailable', errorType: 'Runtime.Unavailable' },
      rest: {
        answer: { text: '{"errorType":"Runtime.Unavailable","errorMessage":"No /next is open"}' },
        errorMessage: 'No /next is open',
      },
    },
  ])('$what', async ({ result, state, rest }) => {
    const detail = await detailAfter(result);
    expect(detail?.state).toMatchObject({ ...state, endedAt: expect.any(Number) });
    expect(detail).toMatchObject(rest);
    expect(history.counts()).toEqual({ waiting: 0, inFlight: 0 });
    expect(answered).toHaveLength(1);
  });
});

it('a caller that gives up no longer counts as waiting, and its duration is not recorded', async () => {
  const detail = await detailAfter(Promise.reject(new Error('The caller has gone')));
  expect(detail?.state).toMatchObject({ outcome: 'unavailable', endedAt: expect.any(Number) });
  expect(detail).not.toHaveProperty('caller');
  expect(history.counts()).toEqual({ waiting: 0, inFlight: 0 });
  expect(answered).toEqual([]);
});

it('an invocation that a slot took ends with its report, not with the answer of its caller', async () => {
  history.called(ID, '{}', Promise.resolve(timedOutResult(ID, 3_000, undefined)));
  history.arrived(PUBLISHED);
  history.dispatched({ ...PUBLISHED, thread: 2 });
  await new Promise(setImmediate);
  expect(history.detail(ID)?.state).toMatchObject({ outcome: 'deadline', slot: 3, thread: 2, deadlineAt: 7 });
  expect(history.detail(ID)?.state).not.toHaveProperty('endedAt');
  expect(history.counts()).toEqual({ waiting: 0, inFlight: 1 });
  history.ended({ ...PUBLISHED, report: REPORT, error: ERROR });
  const detail = history.detail(ID);
  expect(detail?.state).toMatchObject({ outcome: 'crash', errorType: 'Runtime.ExitError' });
  expect(detail).toMatchObject({ errorMessage: 'no', report: { outcome: 'crash' } });
  // What the caller got.
  expect(detail?.answer?.text).toContain('Sandbox.Timedout');
  expect(history.counts()).toEqual({ waiting: 0, inFlight: 0 });
});

it('a report that comes before the answer is kept: it is more specific', async () => {
  const { promise, resolve } = Promise.withResolvers<InvokeResult>();
  history.called(ID, '{}', promise);
  history.arrived(PUBLISHED);
  history.ended({ ...PUBLISHED, report: REPORT, error: ERROR });
  expect(history.detail(ID)?.answer?.text).toBe(JSON.stringify(ERROR));
  resolve(failed('{"errorType":"Runtime.ExitError","errorMessage":"for the caller"}'));
  await new Promise(setImmediate);
  const detail = history.detail(ID);
  expect(detail?.state).toMatchObject({ outcome: 'crash', errorType: 'Runtime.ExitError' });
  expect(detail).toMatchObject({ errorMessage: 'no', caller: { errorType: 'Runtime.ExitError' } });
  expect(detail?.answer?.text).toContain('for the caller');
});

it('an invocation that ended before it was sent to a thread has no time of dispatch', () => {
  history.called(ID, '{}', new Promise(() => undefined));
  history.arrived(PUBLISHED);
  history.dispatched(PUBLISHED);
  expect(history.detail(ID)?.state).not.toHaveProperty('dispatchedAt');
});

it('the times are those that the thread measured', () => {
  history.called(ID, '{}', new Promise(() => undefined));
  history.arrived(PUBLISHED);
  history.dispatched({ ...PUBLISHED, thread: 1 });
  history.ended({
    ...PUBLISHED,
    report: { ...REPORT, outcome: 'response', dispatchMs: 2, handlerMs: 30, backgroundMs: 400 },
  });
  const { arrivedAt = 0, startedAt = 0, answeredAt = 0, endedAt = 0 } = history.detail(ID)?.state ?? {};
  expect([startedAt - arrivedAt, answeredAt - startedAt, endedAt - answeredAt].map(Math.round)).toEqual([
    2, 30, 400,
  ]);
});

it('ignores messages about an invocation that is not retained', () => {
  history.arrived(PUBLISHED);
  history.dispatched({ ...PUBLISHED, thread: 1 });
  history.streamed(ID, 10);
  history.logged(ID, 'line');
  history.concluding(PUBLISHED);
  history.ended({ ...PUBLISHED, report: REPORT });
  expect(history.detail(ID)).toBeUndefined();
  expect(history.takeChanges()).toEqual({ invocations: [], forgotten: [] });
});

it('a repeated request id is a new invocation, and pages are told to forget the first one', async () => {
  await detailAfter(response('"first"'));
  expect(history.takeChanges().invocations).toMatchObject([{ order: 1, outcome: 'response' }]);
  const first = Promise.withResolvers<InvokeResult>();
  history.called(ID, '{}', first.promise);
  history.called(ID, '{}', new Promise(() => undefined));
  // Pages have not been told of the second invocation, and its end changes nothing.
  first.resolve(response('"second"'));
  await first.promise;
  await new Promise(setImmediate);
  expect(history.takeChanges()).toMatchObject({
    invocations: [{ requestId: ID, order: 3, outcome: 'open' }],
    forgotten: [ID],
  });
  expect(history.all()).toHaveLength(1);
});
