import { describe, expect, it } from 'vitest';
import { terminalStyle } from '../../src/cli/dev.ts';
import { terminalLine, terminalOutput, terminalWriter } from '../../src/output/terminal-lines.ts';

const AT = new Date(2026, 10, 27, 9, 5, 7, 30).toISOString();
const ID = 'cac723a3-b130-4778-ab36-659f16cab958';
const plain = (line: object | string) =>
  terminalLine(typeof line === 'string' ? line : JSON.stringify(line), { colours: false });

describe('a line on a terminal', () => {
  it.each([
    [{ timestamp: AT, level: 'INFO', requestId: ID, message: 'hello' }, '09:05:07.030 INFO  cac723a3 hello'],
    [
      { timestamp: AT, level: 'WARN', message: 'of the runtime', lines: 3, why: 'too many words' },
      "09:05:07.030 WARN           of the runtime  lines=3  why='too many words'",
    ],
    [`${AT}\t${ID}\tERROR\tin text`, '09:05:07.030 ERROR cac723a3 in text'],
    [`${AT}\t${ID}\ttenant\tINFO\tof a tenant`, '09:05:07.030 INFO  cac723a3 of a tenant'],
    [
      { level: 30, time: Date.parse(AT), msg: 'of pino', user: 7 },
      '09:05:07.030 INFO           of pino  user=7',
    ],
    [{ timestamp: AT, level: 'INFO', message: 'two\nlines' }, '09:05:07.030 INFO           two\n  lines'],
    ['plain text', 'plain text'],
    ['{"some":"JSON"}', '{"some":"JSON"}'],
    ['{"broken', '{"broken'],
  ])('shows %j', (line, shown) => {
    expect(plain(line)).toBe(shown);
  });

  it('abbreviates nested objects', () => {
    const message = { bucket: 'pictures', sizes: { small: { width: 1 } }, all: [1, 2, 3, 4, 5, 6, 7] };
    expect(plain({ timestamp: AT, level: 'INFO', message, more: message })).toBe(
      '09:05:07.030 INFO           ' +
        "{ bucket: 'pictures', sizes: { small: [Object] }, all: [ 1, 2, 3, 4, 5, ... 2 more items ] }  " +
        "more={ bucket: 'pictures', sizes: { small: [Object] }, all: [ 1, 2, 3, 4, 5, ... 2 more items ] }",
    );
  });

  it('counts the fields that do not fit', () => {
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`field${index}`, index]));
    expect(plain({ timestamp: AT, level: 'INFO', message: 'm', ...fields })).toMatch(
      / {2}field15=15 {2}… 14 more$/,
    );
  });

  it('shows an error as its stack, once', () => {
    const error = {
      errorType: 'RangeError',
      errorMessage: 'no such picture',
      stackTrace: ['RangeError: no such picture', '    at handler (index.mjs:3:9)'],
    };
    const line = { timestamp: AT, level: 'ERROR', requestId: ID, message: error, ...error, code: 'E_NONE' };
    expect(plain(line)).toBe(
      '09:05:07.030 ERROR cac723a3 RangeError: no such picture  code=E_NONE\n      at handler (index.mjs:3:9)',
    );
    expect(plain({ ...line, message: 'Failed' })).toContain('Failed: RangeError: no such picture');
  });

  it('has colours if asked for', () => {
    const line = JSON.stringify({ timestamp: AT, level: 'ERROR', requestId: ID, message: 'm' });
    expect(terminalLine(line, { colours: true })).toContain('\u001B[31mERROR\u001B[39m');
    expect(terminalLine(line, { colours: false })).not.toContain('\u001B');
  });
});

it.each([
  [{ timestamp: 'yesterday', level: 'INFO', message: 'm' }],
  [{ time: Number.NaN, level: 'INFO', message: 'm' }],
  [{ level: 'INFO', message: 'm' }],
])('a line without a valid time, %j, has the time at which it is shown', (line) => {
  expect(plain(line)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {11}m$/);
});

it('an error without a stack, or with one that is not a list, shows its type and message', () => {
  const error = { errorType: 'RangeError', errorMessage: 'no' };
  const line = { timestamp: AT, level: 'ERROR' };
  expect(plain({ ...line, message: error })).toBe('09:05:07.030 ERROR          RangeError: no');
  expect(plain({ ...line, message: { ...error, stackTrace: 'at handler' } })).toBe(
    '09:05:07.030 ERROR          RangeError: no',
  );
  expect(plain({ ...line, message: 'Failed', ...error, stackTrace: ['RangeError: no'] })).toBe(
    '09:05:07.030 ERROR          Failed: RangeError: no',
  );
  // Without a stack, the fields of a text are those of any line.
  expect(plain({ ...line, message: 'Failed', ...error })).toBe(
    '09:05:07.030 ERROR          Failed  errorType=RangeError  errorMessage=no',
  );
});

it("pino's levels have their names, and a custom level that of the next lower one", () => {
  const levelOf = (level: number) => plain({ level, time: AT, msg: 'm' }).slice(13, 18).trim();
  expect([1, 10, 20, 30, 35, 40, 50, 60, 99].map(levelOf)).toEqual([
    'TRACE',
    'TRACE',
    'DEBUG',
    'INFO',
    'INFO',
    'WARN',
    'ERROR',
    'FATAL',
    'FATAL',
  ]);
});

describe('direct writes to stdout', () => {
  const log = JSON.stringify({ timestamp: AT, level: 'INFO', requestId: ID, message: 'hello' });
  const written: Uint8Array[] = [];
  const output = terminalOutput(
    { write: (entry) => void written.push(entry), flushed: async () => void written.push(Buffer.of(0)) },
    { colours: false },
  );
  const shown = (entry: Uint8Array): Uint8Array | undefined => {
    output.write(entry);
    return written.pop();
  };

  it('have their log lines formatted, and leave all others unchanged', () => {
    expect(String(shown(Buffer.from(`before\n${log}\nafter ö`)))).toBe(
      'before\n09:05:07.030 INFO  cac723a3 hello\nafter ö',
    );
  });

  it.each(['plain\n', '', '{"some":"JSON"}\n'])(
    'stay the same bytes if they contain no log line: %j',
    (text) => {
      const entry = Buffer.from(text);
      expect(shown(entry)).toBe(entry);
    },
  );

  it('may be binary data', () => {
    const entry = Buffer.from([0xff, 0xfe, 0x00, 0x0a]);
    expect(shown(entry)).toBe(entry);
  });

  it('can be parts of a larger buffer', () => {
    const large = Buffer.from(`xx${log}xx`);
    expect(String(shown(large.subarray(2, -2)))).toBe('09:05:07.030 INFO  cac723a3 hello');
  });

  it('are flushed by the underlying output', async () => {
    await output.flushed();
    expect(written.pop()).toEqual(Buffer.of(0));
  });
});

it('a formatted line keeps its line breaks, in each of the two formats', () => {
  const written: unknown[][] = [];
  const writer = terminalWriter({ write: (...args) => void written.push(args) }, { colours: false });
  const line = JSON.stringify({ timestamp: AT, level: 'WARN', message: 'two\nlines' });
  writer.write(line, 'WARN', 'TEXT', 7);
  writer.write(line, 'WARN', 'JSON', 8);
  const text = '09:05:07.030 WARN           two\n  lines';
  expect(written).toEqual([
    [text, 'WARN', 'JSON', 7],
    [text, 'WARN', 'JSON', 8],
  ]);
});

describe('the style of terminal lines', () => {
  it.each([
    [undefined, { isTTY: true, hasColors: (): boolean => true }, { colours: true }],
    [undefined, { isTTY: true, hasColors: (): boolean => false }, { colours: false }],
    [undefined, {}, undefined],
    ['json', { isTTY: true, hasColors: (): boolean => true }, undefined],
    ['pretty', {}, { colours: false }],
  ] as const)('follows --log-format %s and stdout %j', (format, stdout, style) => {
    expect(terminalStyle(format, stdout)).toEqual(style);
  });
});
