import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogHistory } from '../../src/console/log-history.ts';
import type { LoggedText } from '../../src/console/messages.ts';
import { startFunction } from './function.ts';
import type { ConsoleFunction } from './function.ts';
import { LivePage } from './live-page.ts';

describe('a page of the console', () => {
  let running: ConsoleFunction;
  let page: LivePage;
  beforeAll(async () => {
    running = await startFunction(['--concurrency', '2', '--timeout', '60']);
    page = await new LivePage(running.console).open();
  });
  afterAll(async () => {
    await page[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
  });
  const linesOf = (requestId: string) => page.lines.filter((line) => line.requestId === requestId);

  it('receives the level of each line, also of lines that are cut off and of pino’s', async () => {
    const requestId = await page.invoke({
      log: ['short'],
      warn: 'long '.repeat(2000),
      write: ['{"level":50,"msg":"in numbers"}', 'no level'],
    });
    await page.until(() => linesOf(requestId).length === 4);
    const levels = linesOf(requestId).map(({ level, text }) => [level, text.endsWith('…')]);
    expect(levels).toEqual([
      ['INFO', false],
      ['WARN', true],
      ['ERROR', false],
      [undefined, false],
    ]);
  });

  it('is notified when a running invocation has logged something', async () => {
    const requestId = await page.invoke({
      holdUntil: running.gate('logs'),
      logThen: ['now'],
      holdThen: running.gate('ends'),
    });
    await page.until(() => page.invocations.get(requestId)?.dispatchedAt !== undefined);
    const before = page.invocations.get(requestId);
    await running.open('logs');
    await page.until(() => page.invocations.get(requestId) !== before);
    expect(page.invocations.get(requestId)).toEqual(before);
    expect((await page.detail(requestId)).lines).toEqual([expect.stringContaining('now')]);
    await running.open('ends');
    await page.ended(requestId);
  });
});

describe('the level of a line', () => {
  it.each([
    ['plain', undefined],
    ['{"timestamp":"t","level":"WARN","requestId":"r","message":"m"}', 'WARN'],
    ['2026-11-24T12:00:00.000Z\tr\tERROR\tin text', 'ERROR'],
    ['{"level":"info","msg":"m"}', 'INFO'],
    ['{"level":10,"msg":"m"}', 'TRACE'],
    ['{"level":60,"msg":"m"}', 'FATAL'],
    ['{"level":35,"msg":"a level of one’s own"}', 'INFO'],
    ['{"level":1,"msg":"less than any"}', 'TRACE'],
    ['{"level":900,"msg":"more than any"}', 'FATAL'],
    ['{"level":{"no":"level"}}', undefined],
    [`{"level":"${'no level'.repeat(9)}"}`, undefined],
    ['{"broken', undefined],
  ])('of %j is %s', (line, level) => {
    expect(told(line).level).toBe(level);
  });
});

it.each([
  ['{"timestamp":"TIME","level":"INFO","message":"m"}'],
  ['TIME\tr\tINFO\tin text'],
  ['{"level":30,"time":MS,"msg":"of pino"}'],
])('the time of %j is the time in the line', (line) => {
  const at = Date.now() - 1234;
  expect(told(line.replace('TIME', new Date(at).toISOString()).replace('MS', String(at))).at).toBe(at);
});

/** The line as pages receive it. */
function told(line: string): LoggedText {
  const log = new LogHistory();
  log.add(line, undefined);
  return log.all()[0] as LoggedText;
}
