import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { LivePage } from './live-page.ts';

describe('a page of the console', () => {
  let running: ConsoleFunction;
  let page: LivePage;
  beforeAll(async () => {
    running = await startFunction(['--concurrency', '2', '--timeout', '60']);
    await running.local.invoke({ log: ['before anybody looked'] });
    page = await new LivePage(running.console).open();
  });
  afterAll(async () => {
    await page[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
  });

  it('first receives the existing threads, invocations and log lines', () => {
    const { snapshot } = page;
    expect(snapshot).toMatchObject({ functionName: 'function', concurrency: 2, timeoutMs: 60_000 });
    expect(snapshot).toMatchObject({ mostInvocations: 10_000, mostAtOnce: 1600 });
    expect(snapshot?.threads.map(({ thread }) => thread)).toEqual([1, 2]);
    expect(snapshot?.invocations).toHaveLength(1);
    expect(snapshot?.lines.map(({ text }) => text)).toEqual([
      expect.stringContaining('before anybody looked'),
    ]);
  });

  it('receives the progress of an invocation, from the call to its end', async () => {
    const requestId = await page.invoke({ holdUntil: running.gate('whole') });
    await page.until(() => page.invocations.get(requestId)?.dispatchedAt !== undefined);
    expect(page.invocations.get(requestId)).toMatchObject({ outcome: 'open', slot: expect.any(Number) });
    await running.open('whole');
    const { calledAt, arrivedAt, dispatchedAt, startedAt, answeredAt, endedAt, ...rest } =
      await page.ended(requestId);
    expect(rest).toMatchObject({ requestId, outcome: 'response', thread: expect.any(Number) });
    const inOrder = [calledAt, arrivedAt, dispatchedAt, answeredAt].map(Number);
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    expect(Number(startedAt)).toBeGreaterThanOrEqual(Number(arrivedAt));
    expect(Number(endedAt)).toBeGreaterThanOrEqual(Number(answeredAt));
  });

  it('can request the event, answer, report and log lines of an invocation', async () => {
    const requestId = await page.invoke({ answer: 42, log: ['one', 'two'] });
    await page.ended(requestId);
    await page.until(() => page.lines.filter((line) => line.requestId === requestId).length === 2);
    const { event, answer, report, lines, linesLeftOut } = await page.detail(requestId);
    expect(JSON.parse(event.text)).toEqual({ answer: 42, log: ['one', 'two'] });
    expect(JSON.parse(answer?.text ?? '')).toMatchObject({ answered: 42 });
    expect(report).toMatchObject({ requestId, outcome: 'response', handlerMs: expect.any(Number) });
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['one', 'two']);
    expect(linesLeftOut).toBe(0);
  });

  it('receives long values cut off, and how much is left out', async () => {
    const word = 'ö'.repeat(4000);
    const requestId = await page.invoke({
      padding: 100_000,
      log: [word, word, word, 'and one more'],
      more: 'e'.repeat(30_000),
    });
    await page.ended(requestId);
    await page.until(() => page.lines.filter((line) => line.requestId === requestId).length === 4);
    const { event, answer, lines, linesLeftOut } = await page.detail(requestId);
    expect(event.bytes).toBeGreaterThan(30_000);
    expect([event.cut, event.text.length <= 16 * 1024]).toEqual([true, true]);
    expect(answer?.bytes).toBeGreaterThan(100_000);
    expect([answer?.cut, Buffer.byteLength(answer?.text ?? '')]).toEqual([true, 16 * 1024]);
    expect([lines.length, linesLeftOut]).toEqual([3, 1]);
    expect(lines[2]).toMatch(/…$/);
    expect(Math.abs(Buffer.byteLength(lines.join('\n')) - 16 * 1024)).toBeLessThan(10);
    const shown = page.lines.find((line) => line.requestId === requestId)?.text ?? '';
    expect(shown.length).toBeLessThan(4200);
  });

  it('receives the number of calls that were refused because all slots were taken', async () => {
    const holding = { holdUntil: running.gate('full') };
    const held = await Promise.all([page.invoke(holding), page.invoke(holding)]);
    await page.until(() => held.every((id) => page.invocations.get(id)?.dispatchedAt !== undefined));
    const url = `${running.local.url}/2015-03-31/functions/function/invocations`;
    const answers = [
      await fetch(`${running.local.url}/invoke`, { method: 'POST', body: '{}' }),
      await fetch(`${running.local.url}/a/function/url`),
      await fetch(url, { method: 'POST', body: '{}' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 429]);
    await page.until(() => page.refused === 3 && page.refusals.length === 3);
    await running.open('full');
    await Promise.all(held.map((id) => page.ended(id)));
    await using later = await new LivePage(running.console).open();
    expect(later.snapshot).toMatchObject({ refused: 3, refusals: page.refusals });
  });

  it('receives the errors of invocations', async () => {
    const state = await page.ended(await page.invoke({ fail: 'no' }));
    expect(state).toMatchObject({ outcome: 'error', errorType: 'RangeError' });
    const detail = await page.detail(state.requestId);
    expect(JSON.parse(detail.answer?.text ?? '')).toMatchObject({ errorMessage: 'no' });
    expect(detail).toMatchObject({ errorMessage: 'no', caller: { errorType: 'RangeError' } });
  });

  it('receives the end of a crashed thread, and the start of its replacement', async () => {
    const before = page.threads.size;
    const state = await page.ended(await page.invoke({ crash: 'an old timer' }));
    expect(state).toMatchObject({ outcome: 'crash' });
    const lost = () => [...page.threads.values()].find(({ thread }) => thread === state.thread);
    await page.until(() => lost()?.endedAt !== undefined && page.threads.size > before);
    expect(lost()).toMatchObject({ cause: 'uncaughtError' });
    await page.until(() => [...page.threads.values()].at(-1)?.readyAt !== undefined);
    const told = page.lines.find(({ ofRuntime }) => ofRuntime === true)?.text ?? '';
    expect(JSON.parse(told)).toEqual({
      level: 'ERROR',
      message: expect.stringContaining(`Thread ${state.thread} is replaced (uncaughtError): `),
    });
  });

  it('starts a burst with limited concurrency, in which calls without a free slot wait', async () => {
    const since = page.states().length;
    await page.invoke({ holdUntil: running.gate('burst') }, { count: 6, concurrency: 3 });
    const sent = () => page.states().slice(since);
    await page.until(() => sent().filter(({ dispatchedAt }) => dispatchedAt !== undefined).length === 2);
    expect(sent()).toHaveLength(3);
    expect(sent()[2]).not.toHaveProperty('arrivedAt');
    expect([page.inFlight, page.waiting]).toEqual([2, 1]);
    expect(page.burst).toEqual({ wanted: 6, done: 0, failed: 0 });
    await running.open('burst');
    await page.until(() => page.burst?.done === 6);
    expect(sent().map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => 'response'));
  });

  it('stops a burst', async () => {
    await page.invoke({ holdUntil: running.gate('stop') }, { count: 50, concurrency: 2 });
    await page.until(() => page.burst?.wanted === 50);
    await fetch(`${running.console}/invocations`, { method: 'DELETE' });
    await page.until(() => page.burst?.wanted === 2);
    await running.open('stop');
    await page.until(() => page.burst?.done === 2);
  });

  it.each([
    ['an event that is not JSON', 'nonsense', 'The event must be JSON', {}],
    ['a count of 0', '{}', 'count must be', { count: 0 }],
    ['a count above the maximum', '{}', 'count must be', { count: 10_001 }],
    ['a fractional concurrency', '{}', 'concurrency must be', { concurrency: 0.5 }],
  ])('gets status 400 for %s', async (_what, event, message, more) => {
    const response = await page.post({ event, ...more });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  });

  it('gets status 400 for a body that is not an object', async () => {
    const response = await page.post(null);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: 'The body must be a JSON object' });
  });

  it('receives samples of throughput, latency and load', async () => {
    await page.until(() => page.samples.some(({ perSecond }) => perSecond > 0));
    const sample = page.samples.find(({ perSecond }) => perSecond > 0);
    expect(Object.keys(sample?.threads ?? {})).toHaveLength(2);
    expect(sample?.p50).toBeLessThanOrEqual(sample?.p99 ?? 0);
    expect(sample?.mainThread).toBeLessThanOrEqual(1);
  });

  it('receives no log line twice', () => {
    const orders = page.lines.map(({ order }) => order);
    expect(orders).toEqual([...new Set(orders)].toSorted((a, b) => a - b));
  });

  it('does not prevent Ctrl-C from ending the process', async () => {
    expect(await running.local.interrupt()).toMatchObject({ code: 0 });
  });
});

it('in single mode, invocations run on the main thread, and a missed deadline is reported', async () => {
  await using running = await startFunction(['--concurrency', '1', '--timeout', '1']);
  await using page = await new LivePage(running.console).open();
  const ended = await page.ended(await page.invoke({}));
  expect(ended).toMatchObject({ outcome: 'response', thread: 0 });
  const requestId = await page.invoke({ holdUntil: running.gate('never') });
  await page.until(() => page.invocations.get(requestId)?.outcome === 'deadline');
  expect(page.invocations.get(requestId)).toMatchObject({ deadlineAt: expect.any(Number) });
  expect(page.threads.size).toBe(0);
});

describe('a page of a function that streams', () => {
  let running: ConsoleFunction;
  let page: LivePage;
  beforeAll(async () => {
    running = await startFunction(['--concurrency', '2'], {}, { handler: 'index.stream' });
    page = await new LivePage(running.console).open();
  });
  afterAll(async () => {
    await page[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
  });

  it.each(['the form', 'another caller'])(
    'receives the beginning and the length of the answer to %s',
    async (who) => {
      const event = { parts: ['one ', 'ö'.repeat(20_000), 'x'.repeat(100_000)] };
      const requestId = who === 'the form' ? await page.invoke(event) : await callForStream(event);
      expect(await page.ended(requestId)).toMatchObject({ outcome: 'response' });
      const { answer, stream } = await page.detail(requestId);
      expect(stream?.at(-1)).toMatchObject({ bytes: 4 + 40_000 + 100_000 + 7 });
      expect(answer).toMatchObject({ bytes: 4 + 40_000 + 100_000 + 7, cut: true });
      expect(answer?.text).toMatch(/^one ö+.?$/);
      expect(Buffer.byteLength(answer?.text ?? '')).toBeGreaterThan(16_000);
    },
  );

  async function callForStream(event: object): Promise<string> {
    const { EventStream, $metadata } = await running.local.callForStream({ Payload: JSON.stringify(event) });
    for await (const _ of EventStream ?? []);
    return $metadata.requestId ?? '';
  }

  it('receives an invocation as open until its stream ends', async () => {
    const requestId = await page.invoke({ parts: ['first'], holdUntil: running.gate('stream') });
    await page.until(() => page.invocations.get(requestId)?.answeredAt !== undefined);
    expect(page.invocations.get(requestId)).toMatchObject({ outcome: 'open' });
    expect(page.invocations.get(requestId)).not.toHaveProperty('endedAt');
    await running.open('stream');
    expect(await page.ended(requestId)).toMatchObject({ outcome: 'response' });
  });
});
