/** The error for the caller, and the fields of the log line, for each activity of a thread. */
import { describe, expect, it } from 'vitest';
import type { Activity } from '../../src/pool/deadline-inquiry.ts';
import { deadlineError, deadlineFields, lateFields, whereabouts } from '../../src/pool/deadline-report.ts';

const frame = (functionName: string, url: string, line: number, column?: number) => ({
  functionName,
  url,
  line,
  column,
});

const COMPUTING: Extract<Activity, { kind: 'computing' }> = {
  kind: 'computing',
  profiledMs: 50,
  stack: [
    frame('crunch', 'file:///var/task/a%20b/handler.ts', 42),
    frame('', '/var/task/node_modules/@scope/pkg/lib/x.js', 7, 3),
    frame('handler', 'file:///var/task/a%20b/handler.ts', 10, 24),
  ],
};
const waiting = (...resources: string[]): Activity => ({ kind: 'waiting', resources });
const messageOf = (activity: Activity | undefined, isShared = false) =>
  deadlineError(activity, false, isShared).errorMessage;

describe('the error for the caller', () => {
  it('says where a blocked thread was', () => {
    expect(deadlineError(COMPUTING, false, false)).toEqual({
      errorType: 'Runtime.DeadlineExceeded',
      errorMessage:
        'The handler did not settle before the deadline: it spent its last 50 ms in crunch (handler.ts:42) ← ' +
        'an anonymous function (@scope/pkg/lib/x.js:7) ← handler (handler.ts:10). ' +
        'Check context.getRemainingTimeInMillis() in long computations, or raise the function timeout.',
      stackTrace: [
        expect.stringMatching(/^Runtime\.DeadlineExceeded: The handler did not settle/),
        '    at crunch (file:///var/task/a%20b/handler.ts:42)',
        '    at /var/task/node_modules/@scope/pkg/lib/x.js:7:3',
        '    at handler (file:///var/task/a%20b/handler.ts:10:24)',
      ],
    });
  });

  it('does not blame the handler for its thread if others share it', () => {
    expect(messageOf(COMPUTING, true)).toContain(': its thread spent its last 50 ms in crunch');
    expect(messageOf(waiting('Timeout'), true)).toContain(': its thread was waiting for 1 timer.');
  });

  it.each([
    [['TCPSocketWrap'], '1 TCP socket'],
    [['Timeout', 'TCPSocketWrap', 'Timeout'], '2 timers and 1 TCP socket'],
    [['ProcessWrap', 'PipeWrap', 'PipeWrap', 'SomethingNew'], '1 child process, 2 pipes and 1 SomethingNew'],
    [['ProcessWrap', 'ProcessWrap'], '2 child processes'],
    [[], 'nothing that Node.js lists as active: a promise that is never settled, or native work such as'],
  ])('names what a thread was waiting for: %j', (resources, text) => {
    expect(messageOf(waiting(...resources))).toContain(`: it was waiting for ${text}`);
    expect(messageOf(waiting(...resources))).toMatch(
      /Listen to context\.signal, or raise the function timeout\.$/,
    );
  });

  it.each([
    ['pending', 'it was blocked and could not be profiled in time'],
    ['limit', 'it was blocked and was not profiled, because several other threads were'],
    ['unsupported', 'it was blocked and was not profiled, because this Node.js cannot do so'],
  ] as const)('says why there is no profile: %s', (noProfile, text) => {
    expect(messageOf({ kind: 'blocked', noProfile })).toContain(`: ${text}`);
  });

  it('says that the main thread was blocked', () => {
    expect(messageOf({ kind: 'returned late' })).toContain(': it blocked the main thread');
  });

  it('gives no reason if none is known', () => {
    expect(messageOf(undefined)).toBe(
      'The handler did not settle before the deadline. Listen to context.signal, or raise the function timeout.',
    );
    expect(deadlineError(undefined, true, false).errorMessage).toMatch(/^The background work did not settle/);
  });
});

describe('the log line', () => {
  it('has the stack', () => {
    const error = deadlineError(COMPUTING, false, false);
    expect(deadlineFields(error, COMPUTING)).toEqual(error);
    const late = { profiledMs: 50, stackTrace: error.stackTrace.slice(1) };
    expect(lateFields(COMPUTING, { kind: 'blocked', noProfile: 'pending' })).toEqual(late);
    const other = { ...COMPUTING, stack: COMPUTING.stack.slice(1) };
    expect(lateFields(COMPUTING, other)).toEqual(late);
  });

  it('does not follow the answer if a longer profile finds the same stack', () => {
    const shorter = { ...COMPUTING, profiledMs: 10, stack: [...COMPUTING.stack] };
    expect(lateFields(COMPUTING, shorter)).toBeUndefined();
  });

  it('counts the resources that the thread waited for, and then has no stack', () => {
    const activity = waiting('Timeout', 'TCPSocketWrap', 'Timeout');
    expect(deadlineFields(deadlineError(activity, false, false), activity)).toEqual({
      errorType: 'Runtime.DeadlineExceeded',
      errorMessage: expect.any(String),
      waitingFor: { Timeout: 2, TCPSocketWrap: 1 },
    });
  });
});

describe('the short form of a stack', () => {
  it('shows a recursive function once, and ends after four functions', () => {
    const walk = frame('walk', '/task/index.js', 3, 1);
    const others = ['a', 'b', 'c', 'd'].map((name, index) => frame(name, '/task/index.js', index + 10, 1));
    expect(whereabouts({ ...COMPUTING, stack: [walk, walk, walk, ...others] })).toBe(
      'walk (index.js:3) ← a (index.js:10) ← b (index.js:11) ← c (index.js:12) ← …',
    );
  });

  it('stays short with very long names and invalid URLs', () => {
    const stack = [
      frame('x'.repeat(100_000), 'file:///%zz', 1, 1),
      frame('f', `file://a b/${'y'.repeat(9_000)}`, 1, 1),
    ];
    const activity = { ...COMPUTING, stack };
    expect(whereabouts(activity)?.length).toBeLessThan(2_000);
    expect(deadlineError(activity, false, false).stackTrace.join('').length).toBeLessThan(6_000);
  });

  it('shows no file for a built-in function', () => {
    const stack = [
      frame('pbkdf2Sync', 'node:internal/crypto/pbkdf2', 66, 20),
      frame('f', '/task/index.js', 1, 1),
    ];
    expect(whereabouts({ ...COMPUTING, stack })).toBe('pbkdf2Sync ← f (index.js:1)');
  });

  it('is undefined for a thread that was not profiled', () => {
    expect(whereabouts(waiting())).toBeUndefined();
    expect(whereabouts(undefined)).toBeUndefined();
  });
});
