import { describeSetup, percent } from './measurement.ts';
import type { Answers, Measurement } from './measurement.ts';

/** Above this share of other programs, measurements are unreliable. */
export const NOISY_SHARE = 0.1;

/** Above this share of failed invocations, measurements are unreliable. */
const MAX_FAILED_SHARE = 0.01;

/** What makes measurements unreliable. */
export interface Problems {
  /** More than 1 % of the invocations failed. Failures may cost more or less than successes. */
  readonly failures?: string;
  /** Other programs used more than a tenth of the machine. */
  readonly noise?: string;
}

/** Finds what makes measurements unreliable. */
export function findProblems(measured: readonly Measurement[]): Problems {
  const noisiest = measured.reduce((a, b) => (b.others > a.others ? b : a));
  return {
    ...(manyFailed(measured) && { failures: `FAILURES: ${describeFailures(measured)}` }),
    ...(noisiest.others > NOISY_SHARE && {
      noise: `NOISE: other programs used up to ${percent(noisiest.others)} of the machine (${describeSetup(noisiest)}). Measure again when the machine is idle.`,
    }),
  };
}

/** Says that some invocations failed, but too few to make the measurements unreliable. */
export function fewFailures(measured: readonly Measurement[]): string[] {
  const someFailed = allAnswers(measured).some(({ failed }) => failed > 0);
  return someFailed && !manyFailed(measured) ? [describeFailures(measured)] : [];
}

/** Whether more than 1 % failed at any size. */
function manyFailed(measured: readonly Measurement[]): boolean {
  return allAnswers(measured).some(({ total, failed }) => failed > total * MAX_FAILED_SHARE);
}

function describeFailures(measured: readonly Measurement[]): string {
  const all = allAnswers(measured);
  const sum = (count: (each: Answers) => number): string =>
    all.reduce((so, each) => so + count(each), 0).toLocaleString('en-US');
  const first = all.find(({ firstError }) => firstError !== undefined)?.firstError;
  return `${sum(({ failed }) => failed)} of ${sum(({ total }) => total)} invocations failed. First error: ${first}`;
}

/** The answers of each size, and of each rate. */
function allAnswers(measured: readonly Measurement[]): Answers[] {
  return measured.flatMap(({ answers, rates }) => [
    answers,
    ...rates.flatMap((rate) => ('answers' in rate ? [rate.answers] : [])),
  ]);
}
