import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InvokeError } from '../src/local/invoke.ts';
import { MODES, startRuntime } from './helpers/start-runtime.ts';
import type { RunningRuntime } from './helpers/start-runtime.ts';

const RESULTS: readonly (readonly [result: string, json: string])[] = [
  ['undefined', 'null'],
  ['null', 'null'],
  ['zero', '0'],
  ['empty string', '""'],
  ['function', 'null'],
  ['symbol', 'null'],
  ['date', '"1970-01-01T00:00:00.000Z"'],
  ['toJSON', '"as JSON"'],
  ['thenable', '"from a thenable"'],
];

const NO_JSON = ['bigint', 'nested bigint', 'circular', 'throwing toJSON', 'throwing proxy'];

interface Thrown {
  readonly throws: string;
  readonly errorType: string;
  readonly errorMessage: unknown;
  readonly header: string;
  readonly more?: object;
}

const any = expect.any(String);

const THROWN: readonly Thrown[] = [
  { throws: 'string', errorType: 'string', errorMessage: 'just a string', header: 'Function.String' },
  { throws: 'empty string', errorType: 'string', errorMessage: '', header: 'Function.String' },
  { throws: 'null', errorType: 'null', errorMessage: 'null', header: 'Function.Null' },
  { throws: 'undefined', errorType: 'undefined', errorMessage: 'undefined', header: 'Function.Undefined' },
  { throws: 'number', errorType: 'number', errorMessage: '42', header: 'Function.Number' },
  { throws: 'bigint', errorType: 'bigint', errorMessage: '7n', header: 'Function.Bigint' },
  { throws: 'symbol', errorType: 'symbol', errorMessage: 'Symbol(gone)', header: 'Function.Symbol' },
  { throws: 'function', errorType: 'function', errorMessage: any, header: 'Function.Function' },
  { throws: 'object', errorType: 'object', errorMessage: '{ a: 1 }', header: 'Function.Object' },
  {
    throws: 'error-like object',
    errorType: 'Custom',
    errorMessage: 'from an object',
    header: 'Function.Custom',
  },
  { throws: 'throwing getters', errorType: 'object', errorMessage: any, header: 'Function.Object' },
  {
    throws: 'error with throwing getters',
    errorType: 'Error',
    errorMessage: 'real message',
    header: 'Function.Error',
  },
  { throws: 'proxy', errorType: 'object', errorMessage: any, header: 'Function.Object' },
  { throws: 'proxy of an error', errorType: any as string, errorMessage: any, header: any as string },
  { throws: 'revoked proxy', errorType: 'object', errorMessage: any, header: 'Function.Object' },
  {
    throws: 'huge message',
    errorType: 'Error',
    errorMessage: expect.stringMatching(/^m{1000,}… \(\d+ more characters\)$/),
    header: 'Function.Error',
  },
  {
    throws: 'huge string',
    errorType: 'string',
    errorMessage: expect.stringMatching(/^漢{1000,}… \(\d+ more characters\)$/),
    header: 'Function.String',
  },
  {
    throws: 'huge name',
    errorType: expect.stringMatching(/^N{256}… /) as string,
    errorMessage: 'named',
    header: expect.stringMatching(/^Function\.N{1,128}$/) as string,
  },
  {
    throws: 'control characters in a huge message',
    errorType: 'Error',
    errorMessage: any,
    header: 'Function.Error',
  },
  {
    throws: 'cause',
    errorType: 'Error',
    errorMessage: 'outer',
    header: 'Function.Error',
    more: {
      cause: {
        errorType: 'TypeError',
        errorMessage: 'middle',
        cause: { errorType: 'string', errorMessage: 'root' },
      },
    },
  },
  {
    throws: 'circular cause',
    errorType: 'Error',
    errorMessage: 'snake',
    header: 'Function.Error',
    // An error that is its own cause is described only once.
    more: {},
  },
  {
    throws: 'aggregate',
    errorType: 'AggregateError',
    errorMessage: 'both failed',
    header: 'Function.AggregateError',
    more: {
      errors: [
        { errorType: 'TypeError', errorMessage: 'first' },
        { errorType: 'string', errorMessage: 'second' },
      ],
    },
  },
  {
    throws: 'custom',
    errorType: 'PaymentDeclined',
    errorMessage: 'no funds',
    header: 'Function.PaymentDeclined',
    more: { code: 'E_DECLINED' },
  },
  { throws: 'runtime type', errorType: 'Runtime.MyOwn', errorMessage: 'named', header: 'Runtime.MyOwn' },
  { throws: 'name with spaces', errorType: 'not a name', errorMessage: 'named', header: 'Function.Notaname' },
  {
    throws: 'name with line breaks',
    errorType: 'Evil\r\nX-Injected: yes',
    errorMessage: 'named',
    header: 'Function.EvilXInjectedyes',
  },
  { throws: 'name with a digit', errorType: 'S3Error', errorMessage: 'named', header: any as string },
  { throws: 'name that is not ASCII', errorType: 'Ошибка', errorMessage: 'named', header: 'Function.Error' },
  {
    throws: 'name with control characters',
    errorType: '\u0000\u007f\u0085',
    errorMessage: 'named',
    header: 'Function.Error',
  },
  { throws: 'empty name', errorType: 'Error', errorMessage: 'named', header: 'Function.Error' },
  { throws: 'name that is no string', errorType: 'Error', errorMessage: 'named', header: 'Function.Error' },
  { throws: 'message that is no string', errorType: 'Error', errorMessage: any, header: 'Function.Error' },
  { throws: 'lone surrogates', errorType: 'Error', errorMessage: '\ufffd alone', header: 'Function.Error' },
  { throws: 'stack that is no string', errorType: 'Error', errorMessage: 'odd', header: 'Function.Error' },
  { throws: 'no stack', errorType: 'Error', errorMessage: 'bare', header: 'Function.Error' },
];

describe.each(MODES)('in %s', (_mode, settings) => {
  let runtime: RunningRuntime;
  let thread: unknown;
  beforeAll(async () => {
    runtime = await startRuntime({ handler: 'answers.handler', ...settings });
    thread = await runtime.invoke({ returns: 'thread' });
  });
  afterAll(() => runtime[Symbol.asyncDispose]());

  it.each(RESULTS)('serializes the result %s as %s', async (returns, json) => {
    const { body, contentType } = await runtime.response(JSON.stringify({ returns }));
    expect(body.toString()).toBe(json);
    expect(contentType).toBe('application/json');
  });

  it.each(NO_JSON)('fails the invocation for the unserializable result %s', async (returns) => {
    const failed = await runtime.failure({ returns });
    expect(failed.error).toMatchObject({
      errorType: 'Runtime.UnserializableResponse',
      errorMessage: expect.stringMatching(/^The handler's result cannot be converted to JSON/),
    });
    expect(failed.rawErrorType).toBe('Runtime.UnserializableResponse');
    expect(failed.error?.['cause']).toMatchObject({ errorType: any, errorMessage: any });
  });

  it.each(THROWN)(
    'reports a thrown $throws to the caller',
    async ({ throws, errorType, errorMessage, header, more }) => {
      const failed = await runtime.failure({ throws });
      expect(failed.error).toMatchObject({ errorType, errorMessage, ...more });
      expect(failed.rawErrorType).toEqual(header);
      expectWellFormed(failed);
    },
  );

  it('reports the stack frames of a thrown error', async () => {
    const { error } = await runtime.failure({ throws: 'custom' });
    const [first, second] = error?.stackTrace ?? [];
    expect(first).toBe('PaymentDeclined: no funds');
    expect(second).toMatch(/^ {4}at .*answers\.mjs:\d+:\d+/);
  });

  it('fails the invocation if the event is not valid JSON', async () => {
    const failed = await runtime.api.invoke('{"a":', { whenCapacity: true });
    expect(failed).toMatchObject({
      status: 'error',
      rawErrorType: 'Runtime.MalformedEvent',
      error: { errorType: 'Runtime.MalformedEvent', errorMessage: 'The event is not valid JSON.' },
    });
  });

  it('answers each invocation once and keeps its thread after all of these errors', async () => {
    for (const { throws } of THROWN) await runtime.failure({ throws });
    expect(await runtime.invoke({ returns: 'thread' })).toBe(thread);
    expect(runtime.child.exitCode).toBeNull();
    const deliveries = [...runtime.api.deliveries.values()];
    expect(deliveries.length).toBeGreaterThan(THROWN.length);
    for (const delivery of deliveries) expect(delivery).toMatchObject({ accepted: 1, refused: [] });
  });
});

it.each(MODES)('in %s, reports the error that a synchronous handler throws', async (_mode, settings) => {
  await using runtime = await startRuntime({ handler: 'answers.sync', ...settings });
  const { error } = await runtime.failure({ throws: 'custom' });
  expect(error).toMatchObject({ errorType: 'PaymentDeclined', errorMessage: 'no funds' });
  expect(await runtime.invoke({ returns: 'zero' })).toBe(0);
});

/** Expects what Lambda accepts: JSON below 1 MiB, a stack of strings, and a header it records unchanged. */
function expectWellFormed({ body, error, errorType, rawErrorType }: InvokeError): void {
  expect(body.byteLength).toBeLessThan(1024 * 1024);
  expect(error?.['stackTrace']).toSatisfy(
    (lines: unknown) => Array.isArray(lines) && lines.every((line) => typeof line === 'string'),
  );
  expect(errorType).toBe(rawErrorType);
  expect(rawErrorType).toMatch(/^(?:Runtime|Function)\.[A-Z][\w]*$/);
}
