import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOG_LEVELS } from '../../src/thread-settings.ts';
import { jsonLine } from '../../workers/logging/log-lines.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { MODES, POLL_OPTIONS, startBootstrap } from '../helpers/start-runtime.ts';
import type { RunningRuntime } from '../helpers/start-runtime.ts';
// @ts-expect-error It is JavaScript.
import { VALUES } from '../fixtures/handlers/logs.mjs';

const OF_CONSOLE = ['TRACE', 'DEBUG', 'INFO', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const NAMES = Object.keys(VALUES as object);
const stack = expect.arrayContaining([expect.stringMatching(/^ +at /)]);

/** What each value's line has besides timestamp, level and request id. */
const EXPECTED: Readonly<Record<string, object>> = {
  text: { message: 'plain' },
  object: { message: { a: 1, nested: { b: [2] } } },
  circle: { message: expect.stringMatching(/Circular/) },
  'circle behind a text': { message: expect.stringMatching(/^see .*Circular/s) },
  bigint: { message: '1n' },
  'bigint inside': { message: '{ n: 1n }' },
  symbol: { message: 'Symbol(sign)' },
  function: { message: '[Function: named]' },
  undefined: { message: 'undefined' },
  null: { message: null },
  nothing: { message: '' },
  'format %s': { message: 'x is 2, {"y":3}' },
  'no format': { message: '100% sure' },
  'error inside': {
    message: {
      error: {
        errorType: 'TypeError',
        errorMessage: 'inside',
        stackTrace: stack,
        cause: { errorType: 'Error', errorMessage: 'below', stackTrace: stack },
      },
    },
  },
  'error alone': {
    message: { errorType: 'RangeError', errorMessage: 'alone', code: 'E_1', stackTrace: stack, cause: {} },
    errorType: 'RangeError',
    errorMessage: 'alone',
    code: 'E_1',
    stackTrace: stack,
    cause: { errorType: 'Error', errorMessage: 'below', stackTrace: stack },
  },
  'error behind a text': {
    message: expect.stringMatching(/^failed: SyntaxError: behind\n +at /),
    errorType: 'SyntaxError',
    errorMessage: 'behind',
    stackTrace: stack,
  },
  'error of the DOM': { message: { errorMessage: 'gone' }, errorType: 'AbortError', errorMessage: 'gone' },
  aggregate: { errorType: 'AggregateError', errors: [{ errorMessage: 'one' }, { errorMessage: 'two' }] },
  megabyte: { message: 'x'.repeat(1024 * 1024) },
  'invalid surrogates': { message: '\ud800 and \udc00' },
  'line breaks': { message: 'one\ntwo\r\nthree\u2028four' },
  getter: { message: expect.stringMatching(/value/) },
  'revoked proxy': { message: expect.any(String) },
  'inspection that throws': { message: 'see [unprintable] 1' },
};

describe.each(MODES)('%s', (_mode, _settings, layout) => {
  const start = (env: Record<string, string> = {}) =>
    startBootstrap('logs.mjs', { ...layout, logInvocations: false }, { env });

  describe('by default', () => {
    let runtime: RunningRuntime;
    beforeAll(async () => (runtime = await start()));
    afterAll(() => runtime[Symbol.asyncDispose]());

    it('any value gives a valid line with the same fields as AWS’s client', async () => {
      await runtime.invoke({ do: 'values' }, { requestId: 'values', tenantId: 'tenant-1' });
      const lines = await linesOf(runtime, 'values', NAMES.length);
      NAMES.forEach((name, index) => {
        expect({ name, ...lines[index] }).toMatchObject({
          name,
          ...EXPECTED[name],
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          level: 'ERROR',
          requestId: 'values',
          tenantId: 'tenant-1',
        });
      });
    });

    it('all levels are written', async () => {
      await runtime.invoke({ do: 'levels' }, { requestId: 'levels' });
      const lines = await linesOf(runtime, 'levels', 13);
      expect(lines.map(({ level }) => level)).toEqual([...OF_CONSOLE, ...LOG_LEVELS]);
    });

    it('lines of the logger have request, tenant and trace ids, and errors in AWS’s format', async () => {
      const ids = { requestId: 'logger', tenantId: 'tenant-1', traceId: 'Root=1' };
      await runtime.invoke({ do: 'logger' }, ids);
      expect(await linesOf(runtime, 'logger', 2)).toMatchObject([
        { ...ids, level: 'WARN', order: 1, message: 'a child' },
        {
          ...ids,
          level: 'ERROR',
          part: 'shop',
          message: 'too much',
          errorType: 'RangeError',
          errorMessage: 'too much',
          stackTrace: stack,
          cause: { errorMessage: 'below' },
        },
      ]);
    });

    it('process.stdout and stderr write whole lines, and return the same values as Node’s', async () => {
      expect(await runtime.invoke({ do: 'streams' })).toEqual({ returned: true, count: 14, bytes: 17 });
      const own = () =>
        runtime.output.stdout
          .split('\n')
          .map((line) => (line.startsWith('{') ? (JSON.parse(line) as LogLine)['message'] : line));
      await expect.poll(own, POLL_OPTIONS).toContain('{ deep: [Object] }');
      expect(own().slice(own().indexOf('between'))).toEqual([
        'between',
        'partial, then whole',
        'found',
        'hex',
        'é through fs',
        'part of a buffer',
        'part by options',
        '{ deep: [Object] }',
        '',
      ]);
      await expect.poll(() => runtime.output.stderr, POLL_OPTIONS).toBe('to stderr\n');
    });
  });

  it('the format Text separates fields by tabs; AWS_LAMBDA_LOG_LEVEL limits console and logger', async () => {
    await using runtime = await start({ AWS_LAMBDA_LOG_FORMAT: 'Text', AWS_LAMBDA_LOG_LEVEL: 'WARN' });
    await runtime.invoke({ do: 'text', text: 'INFO' });
    await runtime.invoke({ do: 'levels' }, { requestId: 'request-1' });
    await runtime.invoke({ do: 'levels' }, { requestId: 'request-2', tenantId: 'tenant-1' });
    const lines = () => runtime.output.stdout.split('\n').slice(0, -1);
    await expect.poll(lines, POLL_OPTIONS).toHaveLength(12);
    const time = expect.stringMatching(/^\d.*Z$/);
    const text = lines().filter((line) => !line.startsWith('{'));
    expect(text.map((line) => line.split('\t'))).toEqual([
      [time, 'request-1', 'WARN', 'console.warn'],
      [time, 'request-1', 'ERROR', 'console.error'],
      [time, 'request-1', 'FATAL', 'console.fatal'],
      [time, 'request-2', 'tenant-1', 'WARN', 'console.warn'],
      [time, 'request-2', 'tenant-1', 'ERROR', 'console.error'],
      [time, 'request-2', 'tenant-1', 'FATAL', 'console.fatal'],
    ]);
    const messages = runtime.log.map(({ level, message }) => [level, message]);
    const ofLogger = ['WARN', 'ERROR', 'FATAL'].map((level) => [level, `logger.${level.toLowerCase()}`]);
    expect(messages).toEqual([...ofLogger, ...ofLogger]);
  });
});

it('lines of 16 invocations that take turns on 4 threads are each under their own request id', async () => {
  const options = { concurrency: 16, threads: 4, invocationsPerThread: 4 };
  await using runtime = await startBootstrap('logs.mjs', options);
  await runtime.whenPolling(16);
  const ids = Array.from({ length: 64 }, (_, n) => `request-${n}`);
  await Promise.all(ids.map((requestId) => runtime.invoke({ do: 'interleaved', lines: 10 }, { requestId })));
  const own = () => runtime.log.filter(({ message }) => typeof message === 'object');
  await expect.poll(() => own().length, POLL_OPTIONS).toBe(640);
  for (const { requestId, message } of own()) expect(requestId).toBe((message as { id: string }).id);
  const perId = Map.groupBy(own(), ({ requestId }) => requestId);
  expect([...perId.values()].map((lines) => lines.length)).toEqual(ids.map(() => 10));
});

it('a line that a thread has not finished is written when it exits', async () => {
  await using runtime = await startBootstrap('logs.mjs', { concurrency: 2, threads: 1 });
  await runtime.failure({ do: 'unfinished' });
  await expect.poll(() => runtime.output.stdout.split('\n'), POLL_OPTIONS).toContain('unfinished');
});

it('a thread loads pino only when its handler uses the logger', async () => {
  await using runtime = await startBootstrap('lazy-logger.mjs', { concurrency: 2, threads: 1 });
  expect(await runtime.invoke({ use: false })).toBe(false);
  expect(await runtime.invoke({ use: true })).toBe(true);
});

it('whatever is logged, the line is JSON', () => {
  const origin = { time: new Date(0), level: 'INFO', requestId: '"\n\ud800', tenantId: undefined } as const;
  fc.assert(
    fc.property(fc.array(fc.anything({ withBigInt: true, withNullPrototype: true })), (args) => {
      const line = jsonLine(args, origin);
      expect(line).not.toContain('\n');
      expect(JSON.parse(line)).toMatchObject({ level: 'INFO', requestId: '"\n\ud800' });
    }),
  );
});

async function linesOf(runtime: RunningRuntime, requestId: string, count: number): Promise<LogLine[]> {
  const own = () => runtime.log.filter((line) => line['requestId'] === requestId);
  await expect.poll(() => own().length, POLL_OPTIONS).toBeGreaterThanOrEqual(count);
  return own();
}
