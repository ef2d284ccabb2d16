import { afterEach, describe, expect, it, vi } from 'vitest';
import { jsonFault } from '../../src/console/page/invoke/json-check.ts';
import { SAMPLE_EVENTS } from '../../src/console/page/invoke/sample-events.ts';
import { Places } from '../../src/console/page/lanes/places.ts';
import { filtered } from '../../src/console/page/log/log-filter.ts';
import { messageOf } from '../../src/console/page/log/line-message.ts';
import type { InvocationState, ShownThread } from '../../src/console/messages.ts';

const thread = (number: number, startedAt: number, endedAt?: number, retiredAt = endedAt): ShownThread => ({
  thread: number,
  startedAt,
  readyAt: startedAt + 1,
  ...(retiredAt !== undefined && { retiredAt }),
  ...(endedAt !== undefined && { endedAt, cause: 'exit' }),
});

const ran = (requestId: string, on: number, from: number, to?: number): InvocationState => ({
  requestId,
  order: 1,
  outcome: 'response',
  calledAt: from,
  arrivedAt: from,
  dispatchedAt: from,
  thread: on,
  ...(to !== undefined && { answeredAt: to, endedAt: to }),
});

describe('lanes', () => {
  it('a replacement takes the lane of its predecessor, and keeps it when that one is forgotten', () => {
    const places = new Places();
    const all = [thread(1, 0), thread(2, 1, 500), thread(3, 2), thread(4, 480)];
    const numbers = (lanes: ReturnType<Places['lanes']>) =>
      lanes.map(({ threads }) => threads.map((each) => each.thread));
    expect(numbers(places.lanes(all, []))).toEqual([[1], [2, 4], [3]]);
    const later = all.filter((each) => each.thread !== 2);
    expect(numbers(places.lanes(later, []))).toEqual([[1], [4], [3]]);
  });

  it('a replacement takes the lane of a retired thread that has not ended yet', () => {
    const retired = { ...thread(1, 0), retiredAt: 100 };
    const lanes = new Places().lanes([retired, thread(2, 1), thread(3, 101)], []);
    expect(lanes.map(({ threads }) => threads.map((each) => each.thread))).toEqual([[1, 3], [2]]);
  });

  it('a thread that starts beside all others gets a lane of its own', () => {
    const lanes = new Places().lanes([thread(1, 0), thread(2, 100, 9000), thread(3, 300)], []);
    expect(lanes).toHaveLength(3);
  });

  it('successive bars share a row; overlapping bars have a row each, and keep it', () => {
    const places = new Places();
    const one = ran('a', 1, 10, 20);
    const rows = (...invocations: InvocationState[]) =>
      places
        .lanes([thread(1, 0)], invocations)[0]
        ?.bars.map(({ invocation, row }) => [invocation.requestId, row]);
    expect(rows(one, ran('b', 1, 20), ran('c', 1, 25))).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ]);
    expect(rows(ran('c', 1, 25), ran('d', 1, 30))).toEqual([
      ['c', 1],
      ['d', 0],
    ]);
  });

  it('a bar takes the whole lane unless another bar overlaps it', () => {
    const bars = new Places().lanes(
      [thread(1, 0)],
      [ran('alone', 1, 10, 20), ran('one', 1, 30, 50), ran('two', 1, 40, 60), ran('later', 1, 70, 80)],
    )[0]?.bars;
    expect(bars?.map(({ row, rows }) => [row, rows])).toEqual([
      [0, 1],
      [0, 2],
      [1, 2],
      [0, 1],
    ]);
  });

  it('a thread with one invocation at a time has one row, even if ends are reported late', () => {
    const late: InvocationState = { ...ran('late', 1, 10), outcome: 'open', answeredAt: 20 };
    const invocations = [late, ran('next', 1, 500, 620), ran('third', 1, 600)];
    const [lane] = new Places().lanes([thread(1, 0)], invocations, 1);
    expect(lane?.bars.map(({ row, span }) => [row, span.end])).toEqual([
      [0, 500],
      [0, 600],
      [0, Infinity],
    ]);
  });

  it('an invocation that streams or runs on after its answer keeps its row until it has ended', () => {
    const rowOf = (first: Partial<InvocationState>, nextAt: number) =>
      new Places()
        .lanes([thread(1, 0)], [{ ...ran('first', 1, 10), ...first }, ran('next', 1, nextAt)])[0]
        ?.bars.find(({ invocation }) => invocation.requestId === 'next')?.row;
    expect(rowOf({ outcome: 'open', answeredAt: 20 }, 500)).toBe(1);
    expect(rowOf({ answeredAt: 20, endedAt: 300 }, 100)).toBe(1);
    expect(rowOf({ answeredAt: 20, endedAt: 300 }, 300)).toBe(0);
  });

  it('successive bars share a row even before the end of the first one is reported', () => {
    const late: InvocationState = { ...ran('late', 1, 10), outcome: 'open', answeredAt: 20 };
    const invocations = [late, ran('next', 1, 21, 60), ran('third', 1, 100)];
    const [lane] = new Places().lanes([thread(1, 0)], invocations);
    expect(lane?.bars.map(({ row }) => row)).toEqual([0, 0, 0]);
  });

  it('only invocations that waited or reached no thread have a bar among the waiting ones', () => {
    const { dispatchedAt: _, thread: __, ...untaken } = ran('untaken', 1, 10);
    const { arrivedAt: ___, ...refused } = { ...untaken, requestId: 'refused', endedAt: 11 };
    const waited = { ...ran('waited', 1, 20, 30), calledAt: 10 };
    const bars = new Places().waiting([
      ran('taken at once', 1, 10, 20),
      waited,
      refused,
      { ...untaken, answeredAt: 11, endedAt: 11 },
    ]);
    expect(bars.map(({ invocation }) => invocation.requestId).toSorted()).toEqual([
      'refused',
      'untaken',
      'waited',
    ]);
  });

  it('a thread number that is used again is another thread in the same lane', () => {
    const [lane] = new Places().lanes(
      [thread(1, 0, 100), thread(1, 200)],
      [ran('a', 1, 50, 60), ran('b', 1, 250)],
    );
    expect(lane?.bars).toHaveLength(2);
    expect(lane?.threads).toHaveLength(2);
  });

  it('an invocation that was sent to no thread, or to one that is no longer shown, has no bar', () => {
    const { dispatchedAt: _, ...waiting } = ran('waiting', 1, 200);
    const lanes = new Places().lanes([thread(1, 100)], [waiting, ran('of an earlier thread', 1, 50, 60)]);
    expect(lanes.map(({ bars }) => bars)).toEqual([[]]);
  });

  it('the row of an invocation is kept while the server retains the invocation, and not much longer', () => {
    const places = new Places();
    const rowOfSecond = () =>
      places.lanes([thread(1, 0)], [ran('second', 1, 11, 20)])[0]?.bars.map(({ row }) => row);
    places.lanes([thread(1, 0)], [ran('first', 1, 10, 20), ran('second', 1, 11, 20)]);
    places.forgetAllBut(new Map());
    // So few rows are not removed.
    expect(rowOfSecond()).toEqual([1]);
    const many = Array.from({ length: 500 }, (_, index) =>
      ran(`later ${index}`, 1, 100 + index, 101 + index),
    );
    places.lanes([thread(1, 0)], many);
    places.waiting([{ ...ran('first', 1, 10), calledAt: 0 }]);
    places.forgetAllBut(new Map([['second', undefined]]));
    expect(rowOfSecond()).toEqual([1]);
    places.lanes([thread(1, 0)], many);
    places.forgetAllBut(new Map());
    expect(rowOfSecond()).toEqual([0]);
  });

  it('without threads, there is one lane for the main thread', () => {
    const lanes = new Places().lanes([], [ran('a', 0, 1_000, 1_010)]);
    expect(lanes.map(({ bars, threads }) => [threads[0]?.thread, bars.length])).toEqual([[0, 1]]);
  });
});

describe('JSON', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ['{"a":1}', undefined],
    ['{\n  "a": 1,\n}', 3],
    ['[1,\n 2\n', 3],
    ['', 1],
    ['{"a"\n:x}', 2],
    ['{"first": 1,\n "second": [1, 2,\n ], "third": 3}', 3],
    ['{"first": 1,\n "second": tru,\n "third": 3}', 2],
  ])('%j has its fault in line %s', (text, line) => {
    expect(jsonFault(text)?.line).toBe(line);
  });

  it.each([
    [
      'Firefox',
      'JSON.parse: unexpected character at line 3 column 2 of the JSON data',
      'unexpected character at',
    ],
    ['Chrome', 'Unexpected token x in JSON at position 9 (line 3 column 2)', 'Unexpected token x (line 3'],
    ['Chrome before 2022', 'Unexpected token x in JSON at position 9', 'Unexpected token x in JSON'],
    ['Safari', 'JSON Parse error: Unexpected identifier "x"', 'JSON Parse error: Unexpected identifier'],
  ])('finds the line in the error message of %s', (_browser, message, shown) => {
    vi.spyOn(JSON, 'parse').mockImplementation(() => {
      throw new SyntaxError(message);
    });
    const fault = jsonFault('{\n "a":\n x}');
    expect(fault?.line).toBe(3);
    expect(fault?.message.slice(0, shown.length)).toBe(shown);
  });

  it('a message without any position has no line', () => {
    vi.spyOn(JSON, 'parse').mockImplementation(() => {
      throw new SyntaxError('Too deep');
    });
    expect(jsonFault('[[[]]]')).toEqual({ message: 'Too deep', line: undefined });
  });

  it('the sample events have the fields by which a handler recognizes their source', () => {
    const records = (name: string) => (SAMPLE_EVENTS[name] as { Records: object[] }).Records;
    expect(records('S3, object created')).toMatchObject([{ eventSource: 'aws:s3' }]);
    expect(records('SQS, two messages')).toMatchObject([{ body: 'first' }, { body: 'second' }]);
    expect(SAMPLE_EVENTS['API Gateway, HTTP API']).toMatchObject({ version: '2.0' });
    expect(SAMPLE_EVENTS['API Gateway, REST API']).toMatchObject({ httpMethod: 'GET' });
  });
});

describe('the log', () => {
  it.each([
    ['plain', 'plain'],
    ['{"timestamp":"t","level":"WARN","requestId":"r","message":"m"}', 'm'],
    ['{"level":30,"msg":"m","user":7}', 'm {"user":7}'],
    ['{"level":"INFO","message":{"user":7}}', '{"user":7}'],
    ['{"answer":42}', '{"answer":42}'],
    ['{"broken', '{"broken'],
    ['2026-11-24T12:00:00.000Z\tr\tERROR\tin text', 'in text'],
  ])('shows the message of %j', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  it('is filtered by words, request id and level', () => {
    const lines = [
      { order: 1, at: 0, requestId: 'abc', level: 'INFO', text: '{"message":"Red apple"}' },
      { order: 2, at: 0, requestId: 'def', level: 'ERROR', text: '{"message":"red pear"}' },
      { order: 3, at: 0, text: 'no level' },
    ];
    const found = (words: string, least: Parameters<typeof filtered>[2] = 'TRACE') =>
      filtered(lines, words, least).map(({ order }) => order);
    expect(found('')).toEqual([1, 2, 3]);
    expect(found('RED')).toEqual([1, 2]);
    expect(found('red pear')).toEqual([2]);
    expect(found('abc')).toEqual([1]);
    expect(found('', 'INFO')).toEqual([1, 2, 3]);
    expect(found('', 'WARN')).toEqual([2]);
  });
});
