import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InvokeError } from '../../src/local/invoke.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { EITHER_MODE } from '../streaming/streaming-runtime.ts';
import { SHAPES, startSingle } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';

const IDS = { requestId: 'request-1', tenantId: 'tenant-1' };
const STACK = expect.arrayContaining([expect.stringMatching(/^ {4}at .*errors\.mjs:\d+:\d+/)]);

describe.each(SHAPES)('an error that a handler throws, in $mode', ({ start }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => (runtime = await start({ workerFile: 'errors.mjs' })));
  afterAll(() => runtime[Symbol.asyncDispose]());

  it('is logged once, with its ids and the fields of an error', async () => {
    await runtime.failure({ do: 'throw', kind: 'plain' }, IDS);
    await runtime.logged({ requestId: IDS.requestId, message: 'Invocation ended' });
    expect(errorsOf(runtime, IDS.requestId)).toEqual([
      {
        timestamp: expect.any(String),
        level: 'ERROR',
        ...IDS,
        // The same format as in AWS's client.
        message: {
          errorType: 'RangeError',
          errorMessage: 'out of stock',
          stackTrace: STACK,
          cause: { errorType: 'TypeError', errorMessage: 'below', stackTrace: STACK },
        },
        errorType: 'RangeError',
        errorMessage: 'out of stock',
        stackTrace: STACK,
        cause: { errorType: 'TypeError', errorMessage: 'below', stackTrace: STACK },
      },
    ]);
  });

  it('is not repeated in the log line of the invocation', async () => {
    const requestId = 'with-line';
    await runtime.failure({ do: 'throw', kind: 'plain' }, { requestId });
    const line = await runtime.logged({ requestId, message: 'Invocation ended' });
    expect(line).toMatchObject({ level: 'INFO', outcome: 'error', errorType: 'RangeError' });
    expect(line).not.toHaveProperty('stackTrace');
    expect(errorsOf(runtime, requestId)).toHaveLength(1);
  });

  it('is logged with its code and its own fields', async () => {
    expect(await thrown(runtime, 'with fields')).toMatchObject({
      errorType: 'Error',
      code: 'E_REFUSED',
      message: { errorMessage: 'refused', code: 'E_REFUSED', order: { id: 'A-1001' } },
    });
  });

  it('is logged with the name of its class, and posted with its own name, as AWS’s client does', async () => {
    const kind = 'of a class that sets no name';
    expect(await thrown(runtime, kind)).toMatchObject({ errorType: 'NotFound' });
    expect(await runtime.diagnostic({ do: 'throw', kind })).toMatchObject({ errorType: 'Error' });
  });

  it.each([
    ['a string', { errorType: 'string', errorMessage: 'only a string', stackTrace: [] }],
    ['null', { errorType: 'null', errorMessage: 'null', stackTrace: [] }],
  ])('is logged if it is %s', async (kind, fields) => {
    expect(await thrown(runtime, kind)).toMatchObject({ ...fields, message: fields });
  });

  it('is logged if the runtime itself refuses the event or the result', async () => {
    const clientContext = 'no JSON';
    await runtime.failure({ do: 'healthy' }, { requestId: 'malformed', clientContext } as object);
    await runtime.failure({ do: 'result that is no JSON' }, { requestId: 'unserializable' });
    await runtime.logged({ requestId: 'unserializable', message: 'Invocation ended' });
    expect(errorsOf(runtime, 'malformed')).toMatchObject([{ errorType: 'Runtime.MalformedEvent' }]);
    expect(errorsOf(runtime, 'unserializable')).toMatchObject([
      { errorType: 'Runtime.UnserializableResponse', cause: { errorType: 'TypeError' } },
    ]);
  });

  it('is logged with its stack if it is thrown in the background', async () => {
    await runtime.invoke({ do: 'throw in the background', kind: 'plain' }, { ...IDS, requestId: 'behind' });
    await runtime.logged({ requestId: 'behind', message: 'Background work failed' });
    expect(errorsOf(runtime, 'behind')).toMatchObject([
      {
        tenantId: IDS.tenantId,
        errorType: 'RangeError',
        errorMessage: 'out of stock',
        stackTrace: STACK,
        cause: { errorMessage: 'below' },
      },
    ]);
  });

  it('is posted with stackTrace and trace, and with a cause for X-Ray', async () => {
    const result = await runtime.failure({ do: 'throw', kind: 'plain' });
    const error = result.error as { stackTrace: string[]; trace: string[] };
    expect(error.stackTrace).toEqual(STACK);
    expect(error.trace).toEqual(error.stackTrace);
    const path = expect.stringMatching(/^\/.*\/errors\.mjs$/);
    expect(causeOf(result)).toMatchObject({
      working_directory: expect.stringMatching(/^\//),
      exceptions: [
        {
          type: 'RangeError',
          message: 'out of stock',
          stack: expect.arrayContaining([
            { path, line: expect.any(Number), label: expect.stringMatching(/throw/) },
          ]),
        },
      ],
      paths: expect.arrayContaining([path]),
    });
  });

  it('is posted for X-Ray with any characters and any length', async () => {
    const odd = await runtime.failure({ do: 'throw', kind: 'not Latin-1' });
    expect(causeOf(odd).exceptions[0]?.message).toBe('Größe 漢字 \u{1f600} \x7f');
    const huge = await runtime.failure({ do: 'throw', kind: 'huge' });
    expect(huge.xrayErrorCause?.length).toBeLessThanOrEqual(8 * 1024);
    expect(causeOf(huge).exceptions[0]?.message).toMatch(/^x+… \(/);
    expect(huge.error).toMatchObject({ errorMessage: expect.stringMatching(/^x{65536}…/) });
  });
});

describe.each(SHAPES)('the log level, in $mode', ({ start }) => {
  it.each([
    ['ERROR', 1],
    ['FATAL', 0],
  ])('%s: a thrown error is logged in %d lines', async (level, lines) => {
    await using runtime = await start({ workerFile: 'errors.mjs', env: { AWS_LAMBDA_LOG_LEVEL: level } });
    await runtime.failure({ do: 'throw', kind: 'plain' }, IDS);
    await runtime.stop();
    expect(runtime.log).toHaveLength(lines);
    expect(errorsOf(runtime, IDS.requestId)).toHaveLength(lines);
  });

  it('in the Text format, each error is one line of tab-separated text and JSON', async () => {
    await using runtime = await start({
      workerFile: 'errors.mjs',
      env: { AWS_LAMBDA_LOG_FORMAT: 'Text', AWS_LAMBDA_LOG_LEVEL: 'ERROR' },
    });
    await runtime.failure({ do: 'throw', kind: 'plain' }, IDS);
    await runtime.failure({ do: 'throw', kind: 'with line breaks' }, { requestId: 'request-2' });
    await runtime.invoke({ do: 'throw in the background', kind: 'plain' }, { requestId: 'request-3' });
    await runtime.stop();
    const lines = runtime.output.stdout.split('\n').slice(0, -1);
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(lines.map((line) => line.split('\t').slice(0, -1))).toEqual([
      [time, IDS.requestId, IDS.tenantId, 'ERROR', 'Invoke Error '],
      [time, 'request-2', 'ERROR', 'Invoke Error '],
      [time, 'request-3', 'ERROR', 'Background work failed '],
    ]);
    expect(lines.map((line) => JSON.parse(line.split('\t').at(-1) ?? '') as unknown)).toMatchObject([
      { errorType: 'RangeError', errorMessage: 'out of stock', stack: STACK, cause: { stackTrace: STACK } },
      { errorType: 'Error', errorMessage: 'first line\nsecond line', stack: STACK },
      { errorType: 'RangeError', stack: STACK },
    ]);
  });
});

it('a handler that replaces the console does not prevent the log line of its error', async () => {
  await using runtime = await startSingle({ workerFile: 'errors.mjs' });
  await runtime.failure({ do: 'throw without a console', kind: 'plain' }, IDS);
  await runtime.logged({ requestId: IDS.requestId, message: 'Invocation ended' });
  expect(errorsOf(runtime, IDS.requestId)).toMatchObject([{ errorType: 'RangeError' }]);
});

describe.each(EITHER_MODE)('an error of a streaming handler, in $mode', ({ start }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => (runtime = await start({ logInvocations: 'all' })));
  afterAll(() => runtime[Symbol.asyncDispose]());

  it.each([
    ['throw before', { errorType: 'Refused', errorMessage: 'nothing was written' }],
    ['throw before, corked', { errorType: 'Refused', errorMessage: 'nothing was written' }],
    ['throw after', { errorType: 'Refused', errorMessage: 'after the first byte' }],
    ['source fails', { errorType: 'SourceFailed', errorMessage: 'in the source' }],
    ['destroy after', { errorType: 'Runtime.TruncatedResponse', errorMessage: /destroyed before/ }],
    ['an object', { errorType: 'TypeError', errorMessage: /takes strings and bytes/ }],
  ])('%s: is logged once, with its stack', async (what, { errorType, errorMessage }) => {
    const requestId = what.replaceAll(/\W/g, '-');
    await runtime.failure({ do: what }, { requestId, tenantId: IDS.tenantId });
    await runtime.whenPolling(runtime.slots);
    await runtime.logged({ requestId, message: 'Invocation ended' });
    expect(errorsOf(runtime, requestId)).toMatchObject([
      {
        tenantId: IDS.tenantId,
        errorType,
        errorMessage: expect.stringMatching(errorMessage),
        stackTrace: expect.arrayContaining([expect.stringMatching(/^ {4}at /)]),
      },
    ]);
  });

  it('write after the end of the stream: is logged once, with its stack', async () => {
    const requestId = 'write-after-the-end';
    const event = { do: 'write after the end', how: 'write', bytes: 4 };
    await runtime.response(JSON.stringify(event), { requestId, tenantId: IDS.tenantId });
    await runtime.logged({ requestId, message: 'Invocation ended' });
    expect(errorsOf(runtime, requestId)).toMatchObject([
      {
        tenantId: IDS.tenantId,
        errorType: 'Error',
        errorMessage: 'The response stream was written to after its end.',
        code: 'ERR_STREAM_WRITE_AFTER_END',
        stackTrace: expect.arrayContaining([expect.stringMatching(/^ {4}at .*late-writes/)]),
      },
    ]);
  });

  it('throw after the end of the stream: is logged', async () => {
    const [gate, requestId] = [runtime.newGate(), 'after-the-end'];
    await runtime.response(JSON.stringify({ do: 'throw after the end', gate }), { requestId });
    await runtime.open(gate);
    await runtime.logged({ requestId, message: 'Invocation ended' });
    expect(errorsOf(runtime, requestId)).toMatchObject([{ errorType: 'Refused' }]);
  });
});

function errorsOf(runtime: FaultRuntime, requestId: string): LogLine[] {
  return runtime.log.filter((line) => line['level'] === 'ERROR' && line['requestId'] === requestId);
}

/** Lets the handler throw an error of that kind, and resolves with its log line. */
async function thrown(runtime: FaultRuntime, kind: string): Promise<LogLine | undefined> {
  const requestId = kind.replaceAll(/\W/g, '-');
  await runtime.failure({ do: 'throw', kind }, { requestId });
  await runtime.logged({ requestId, message: 'Invocation ended' });
  const [line, ...others] = errorsOf(runtime, requestId);
  expect(others).toEqual([]);
  return line;
}

interface XrayCause {
  readonly exceptions: readonly { readonly type: string; readonly message: string }[];
}

function causeOf({ xrayErrorCause = '' }: InvokeError): XrayCause {
  expect(xrayErrorCause).toMatch(/^[\x20-\x7e]+$/);
  return JSON.parse(xrayErrorCause) as XrayCause;
}
