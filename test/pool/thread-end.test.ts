import { expect, it } from 'vitest';
import { diagnose, encodeThrown } from '../../src/invocation/diagnostic.ts';
import type { UncaughtErrorMessage } from '../../src/protocol.ts';
import {
  OUT_OF_MEMORY,
  describeThreadEnd,
  failureCause,
  moreSpecificReason,
  replacementCause,
  summaryOfEnd,
} from '../../src/pool/thread-end.ts';
import type { ThreadEndReason } from '../../src/pool/thread-end.ts';

const uncaught = (
  origin: UncaughtErrorMessage['origin'],
  requestId: string | undefined,
): ThreadEndReason => ({
  kind: 'uncaught-error',
  message: {
    type: 'uncaught-error',
    origin,
    requestId,
    tenantId: undefined,
    invocationId: undefined,
    listened: false,
    diagnostic: encodeThrown(new RangeError('of the first')),
  },
});
const outOfHeap = Object.assign(new Error('V8 has ended it'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });

/** How threads end: the error of an invocation on the thread, the replacement cause, the failure category. */
const ENDS: readonly (readonly [
  what: string,
  reason: ThreadEndReason,
  type: string,
  message: RegExp,
  cause: ReturnType<typeof replacementCause>,
  failure: ReturnType<typeof failureCause>,
])[] = [
  [
    'its own error',
    uncaught('uncaughtException', 'mine'),
    'RangeError',
    /^of the first$/,
    'uncaughtError',
    'crash',
  ],
  [
    'the error of a neighbour',
    uncaught('unhandledRejection', 'other'),
    'Runtime.ThreadLost',
    /lost to an error \(unhandledRejection, RangeError\) in the invocation other\./,
    'uncaughtError',
    'crash',
  ],
  [
    'an error outside any invocation',
    uncaught('uncaughtException', undefined),
    'Runtime.ThreadLost',
    /in code outside any invocation\./,
    'uncaughtError',
    'crash',
  ],
  [
    'the exit of a neighbour',
    uncaught('exit', 'other'),
    'Runtime.ExitError',
    /because the invocation other called process\.exit\(\)\.$/,
    'exit',
    'crash',
  ],
  [
    'an exit that native code causes',
    { kind: 'exit', code: 7 },
    'Runtime.ExitError',
    /^The worker thread ended with exit code 7 before the handler returned\./,
    'exit',
    'crash',
  ],
  [
    'an error that Node.js reports',
    { kind: 'error', error: new TypeError('no') },
    'TypeError',
    /^no$/,
    'uncaughtError',
    'crash',
  ],
  [
    "V8's own limit of the heap",
    { kind: 'error', error: outOfHeap },
    'Runtime.OutOfMemory',
    /ran out of heap memory/,
    'outOfMemory',
    'crash',
  ],
  [
    'the limit of the runtime',
    { kind: 'out-of-memory', diagnostic: OUT_OF_MEMORY },
    'Runtime.OutOfMemory',
    /ran out of heap memory/,
    'outOfMemory',
    'crash',
  ],
  [
    'the deadline of a neighbour that blocks it',
    { kind: 'deadline', requestId: 'other', blockedIn: 'spin' },
    'Runtime.ThreadTerminated',
    /past the deadline of another of its invocations, other, in spin\.$/,
    'deadline',
    'crash',
  ],
  [
    'the deadline of a neighbour that blocks it, nobody knows where',
    { kind: 'deadline', requestId: 'other', blockedIn: undefined },
    'Runtime.ThreadTerminated',
    /past the deadline of another of its invocations, other\.$/,
    'deadline',
    'crash',
  ],
  [
    'a start that fails',
    { kind: 'start-failed', diagnostic: encodeThrown(new TypeError('not loaded')) },
    'TypeError',
    /^not loaded$/,
    'startFailed',
    'crash',
  ],
  ['its replacement', { kind: 'recycled' }, 'Runtime.Shutdown', /shut down before/, 'recycled', 'shutdown'],
  [
    'the end of the runtime',
    { kind: 'stopped' },
    'Runtime.Shutdown',
    /shut down before/,
    undefined,
    'shutdown',
  ],
];

it.each(ENDS)('a thread that ends by %s', (_what, reason, errorType, message, cause, failure) => {
  const described = JSON.parse(describeThreadEnd(reason, 'mine').body) as object;
  expect(described).toMatchObject({ errorType, errorMessage: expect.stringMatching(message) });
  expect(replacementCause(reason)).toBe(cause);
  expect(failureCause(reason)).toBe(failure);
});

it('the log fields about the end are its kind and the error, without the stack', () => {
  const error = new TypeError('no');
  expect(summaryOfEnd({ kind: 'error', error })).toEqual({
    threadEnd: 'error',
    errorType: 'TypeError',
    errorMessage: diagnose(error).errorMessage,
  });
});

it('a recorded uncaught error stays the reason, unless the heap is full', () => {
  const recorded = uncaught('uncaughtException', 'first');
  const thrown: ThreadEndReason = { kind: 'error', error: new Error('of a listener') };
  const full: ThreadEndReason = { kind: 'error', error: outOfHeap };
  expect(moreSpecificReason(recorded, thrown, false)).toBe(recorded);
  expect(moreSpecificReason(recorded, full, false)).toBe(full);
  expect(moreSpecificReason({ kind: 'recycled' }, thrown, false)).toBe(thrown);
  expect(moreSpecificReason(undefined, thrown, false)).toBe(thrown);
});

it('a requested end and a failure are more specific reasons than an exit code', () => {
  const exit: ThreadEndReason = { kind: 'exit', code: 7 };
  const recycled: ThreadEndReason = { kind: 'recycled' };
  const failed = uncaught('uncaughtException', 'first');
  expect(moreSpecificReason(recycled, exit, true)).toBe(recycled);
  expect(moreSpecificReason(recycled, exit, false)).toBe(exit);
  expect(moreSpecificReason(failed, exit, false)).toBe(failed);
});
