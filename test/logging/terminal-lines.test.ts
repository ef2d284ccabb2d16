import { describe, expect, it } from 'vitest';
import { terminalStyle } from '../../src/cli/dev.ts';
import { terminalLine } from '../../src/output/terminal-lines.ts';

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
  ])('%j', (line, shown) => {
    expect(plain(line)).toBe(shown);
  });

  it('folds objects', () => {
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

describe('lines are for people', () => {
  it.each([
    [undefined, { isTTY: true, hasColors: (): boolean => true }, { colours: true }],
    [undefined, { isTTY: true, hasColors: (): boolean => false }, { colours: false }],
    [undefined, {}, undefined],
    ['json', { isTTY: true, hasColors: (): boolean => true }, undefined],
    ['pretty', {}, { colours: false }],
  ] as const)('--log-format %s, stdout %j', (format, stdout, style) => {
    expect(terminalStyle(format, stdout)).toEqual(style);
  });
});
