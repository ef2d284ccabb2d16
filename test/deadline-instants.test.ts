/** When the signal aborts and when the runtime answers, depending on the options and the available time. */
import { describe, expect, it } from 'vitest';
import { answerAtMs, signalAtMs } from '../src/invocation/deadline.ts';
import { inquiryAtMs } from '../src/pool/deadline-inquiry.ts';

const NOW = 1_000_000;

/** The instants of signal, answer and inquiry, in ms before the deadline, with `availableMs` left. */
function beforeDeadline(availableMs: number, deadlineMarginMs?: number, deadlineGraceMs?: number) {
  const deadlineMs = NOW + availableMs;
  const options = { deadlineMarginMs, deadlineGraceMs };
  const signal = signalAtMs(deadlineMs, NOW, options);
  const answer = answerAtMs(deadlineMs, NOW, options);
  return [signal, answer, inquiryAtMs(signal, answer)].map((instant) => deadlineMs - instant);
}

describe('the instants of signal, answer and inquiry, by default', () => {
  it.each([
    { availableMs: 900_000, signal: 1_000, answer: 50, inquiry: 550 },
    { availableMs: 30_000, signal: 1_000, answer: 50, inquiry: 550 },
    { availableMs: 5_000, signal: 500, answer: 50, inquiry: 500 },
    { availableMs: 3_000, signal: 300, answer: 30, inquiry: 300 },
    { availableMs: 1_000, signal: 100, answer: 10, inquiry: 100 },
    { availableMs: 200, signal: 20, answer: 2, inquiry: 20 },
  ])('with $availableMs ms until the deadline', ({ availableMs, signal, answer, inquiry }) => {
    expect(beforeDeadline(availableMs)).toEqual([signal, answer, inquiry]);
  });

  it.each([0, -5_000])('with %d ms, when the deadline has passed', (availableMs) => {
    expect(beforeDeadline(availableMs)).toEqual([0, -500, 0]);
  });
});

describe('the instants of signal, answer and inquiry, with options', () => {
  it.each([
    { what: 'a margin only', margin: 2_000, grace: undefined, expected: [2_000, 50, 550] },
    {
      what: 'no margin: only a late answer is possible',
      margin: 0,
      grace: undefined,
      expected: [0, -500, 0],
    },
    { what: 'a margin below the default answer', margin: 30, grace: undefined, expected: [30, -470, 30] },
    { what: 'a grace period only', margin: undefined, grace: 100, expected: [1_000, 900, 1_000] },
    {
      what: 'both, with an answer before the deadline',
      margin: 1_000,
      grace: 900,
      expected: [1_000, 100, 600],
    },
    { what: 'both, with an answer after the deadline', margin: 0, grace: 500, expected: [0, -500, 0] },
    { what: 'no grace period', margin: 200, grace: 0, expected: [200, 200, 200] },
  ])('$what', ({ margin, grace, expected }) => {
    expect(beforeDeadline(30_000, margin, grace)).toEqual(expected);
  });
});

it('the answer never precedes the signal, and the inquiry lies between the two', () => {
  for (const availableMs of [-10, 0, 1, 7, 50, 333, 1_000, 4_999, 60_000, 5_400_000])
    for (const margin of [undefined, 0, 1, 49, 50, 51, 5_000])
      for (const grace of [undefined, 0, 10, 400, 10_000]) {
        const [signal = NaN, answer = NaN, inquiry = NaN] = beforeDeadline(availableMs, margin, grace);
        expect(signal).toBeGreaterThanOrEqual(inquiry);
        expect(inquiry).toBeGreaterThanOrEqual(answer);
      }
});
