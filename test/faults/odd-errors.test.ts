import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/invocation/diagnostic.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { EITHER_LAYOUT, startLayout, startSingle } from './fault-runtime.ts';
import type { FaultRuntime } from './fault-runtime.ts';
// @ts-expect-error It is JavaScript.
import { KINDS } from '../fixtures/faults/errors.mjs';

const NAMES = KINDS as string[];
const SITE = expect.stringMatching(/^ {4}at .*errors\.mjs:\d+:\d+/);

/** Expected parts of the message in the log line of an error, beyond those that all errors have. */
const EXPECTED: Readonly<Record<string, object>> = {
  self: { errorMessage: 'self', self: '[Circular]' },
  'self as cause': { errorMessage: 'self as cause', cause: '[Circular]' },
  'self in a list': { details: [{ error: '[Circular]' }] },
  'next and previous': { errorMessage: 'first', next: { errorMessage: 'second', previous: '[Circular]' } },
  'twelve with two fields each': { one: { one: { one: { one: { one: 'Error: number 5' } } } } },
  'deep causes': { cause: { cause: { cause: { cause: { errorMessage: '995' } } } } },
  'ever another': { next: { next: { next: { next: { next: 'Error: another' } } } } },
  'wide fields': {
    list: expect.arrayContaining([99, '… (999900 more)']),
    bytes: '[1000000 bytes]',
    text: expect.stringMatching(/^y{8192}… \(991808 more characters\)$/),
    fields: expect.objectContaining({ key0: 0, '…': '900 more' }),
  },
  'an aggregate of itself': { errors: [{ errorMessage: 'member' }] },
  'its own JSON': { errorMessage: 'its own JSON', order: 'A-1001' },
  'stack of call sites': { stackTrace: expect.arrayContaining(['Error: prepared', SITE]) },
  'stack that throws when it is prepared': { stackTrace: ['Error: never prepared'] },
  'stack that throws': { stackTrace: ['Error: no stack'] },
  'stack that is a number': { stackTrace: ['Error: no stack'] },
  'everything throws': { errorType: 'Error', errorMessage: '', stackTrace: ['Error'] },
  frozen: { code: 'E_FROZEN', stackTrace: expect.arrayContaining([SITE]) },
  'a proxy': { errorMessage: 'behind a proxy', stackTrace: ['Error: behind a proxy'] },
  'a proxy that throws': { errorType: 'object' },
};

describe.each([
  { mode: 'threads', start: startInThreads },
  { mode: 'single mode', start: startSingle },
])('odd errors in $mode', ({ start }) => {
  let runtime: FaultRuntime;
  beforeAll(
    async () => (runtime = await start({ workerFile: 'errors.mjs', options: { logInvocations: 'all' } })),
  );
  afterAll(() => runtime[Symbol.asyncDispose]());

  it.each(NAMES)('thrown: %s', async (kind) => {
    const requestId = idOf('thrown', kind);
    const { body } = await runtime.failure({ do: 'throw', kind }, { requestId });
    const [line, ...others] = await linesOf(runtime, requestId, 1);
    expect(others).toEqual([]);
    const { message, ...fields } = line as LogLine & { message: Diagnostic };
    expect(message).toMatchObject(EXPECTED[kind] ?? {});
    expectError(message);
    expectError(fields as unknown as Diagnostic);
    expect(JSON.stringify(line).length).toBeLessThan(MAX_LINE_BYTES);
    const posted = JSON.parse(body.toString()) as Diagnostic;
    expectError(posted);
    expect(body.length).toBeLessThan(MAX_LINE_BYTES);
    expect(message.stackTrace).toEqual(posted.stackTrace);
  });

  it.each(NAMES.filter((kind) => !['a string', 'null'].includes(kind)))('logged: %s', async (kind) => {
    const requestId = idOf('logged', kind);
    await runtime.invoke({ do: 'log', kind }, { requestId });
    const lines = await linesOf(runtime, requestId, 5);
    // A value that only looks like an error is printed like any other value.
    if (kind !== 'a proxy that throws') {
      expect(lines[0]?.['message']).toMatchObject(EXPECTED[kind] ?? {});
      for (const at of [0, 1, 3, 4]) expectError(lines[at] as unknown as Diagnostic);
    }
    for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(MAX_LINE_BYTES);
  });
});

it('in the Text log format, each error is one line of bounded length', async () => {
  const env = { AWS_LAMBDA_LOG_FORMAT: 'Text', AWS_LAMBDA_LOG_LEVEL: 'ERROR' };
  await using runtime = await startInThreads({ workerFile: 'errors.mjs', env });
  for (const kind of NAMES) {
    await runtime.failure({ do: 'throw', kind }, { requestId: idOf('thrown', kind) });
    await runtime.invoke({ do: 'log', kind }, { requestId: idOf('logged', kind) });
  }
  await runtime.stop();
  const lines = runtime.output.stdout.split('\n').slice(0, -1);
  // The logger writes JSON.
  expect(lines).toHaveLength(NAMES.length * 6);
  for (const line of lines) expect(line.length).toBeLessThan(MAX_LINE_BYTES);
  const thrown = lines.filter((line) => line.includes('\tInvoke Error \t'));
  expect(thrown).toHaveLength(NAMES.length);
  for (const line of thrown) expectError(stackAsTrace(line.split('\t').at(-1) ?? ''));
});

/** A line may have a 64 KiB message twice, or once beside the 256 KiB text of all arguments. */
const MAX_LINE_BYTES = 400 * 1024;

function startInThreads(given: Parameters<typeof startLayout>[1]): Promise<FaultRuntime> {
  return startLayout(EITHER_LAYOUT[0] as { perThread: number; threads: number }, given);
}

function idOf(how: string, kind: string): string {
  return `${how}-${kind.replaceAll(/\W/g, '-')}`;
}

async function linesOf(runtime: FaultRuntime, requestId: string, count: number): Promise<LogLine[]> {
  await runtime.logged({ requestId, message: 'Invocation ended' });
  const own = runtime.log.filter((line) => line['level'] === 'ERROR' && line['requestId'] === requestId);
  expect(own).toHaveLength(count);
  return own;
}

function stackAsTrace(json: string): Diagnostic {
  const { stack, ...others } = JSON.parse(json) as Diagnostic & { stack: string[] };
  return { ...others, stackTrace: stack };
}

function expectError({ errorType, errorMessage, stackTrace }: Diagnostic): void {
  expect({ errorType, errorMessage, stackTrace }).toEqual({
    errorType: expect.any(String),
    errorMessage: expect.any(String),
    stackTrace: expect.any(Array),
  });
}
