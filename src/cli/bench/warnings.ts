import { MAX_VCPUS } from './recommendation.ts';
import type { Measurement } from './measurement.ts';
import { percent, describeSetup } from './measurement.ts';
import type { Recommendation } from './recommendation.ts';
import { MUCH_OTHERS } from './machine.ts';

/** What the figures must be read with, the gravest first; none where all is well. */
export function warnings(
  { advice }: Recommendation,
  measured: readonly Measurement[],
  cores: number,
): string[] {
  return [
    ...failures(measured),
    ...worst(measured, ({ others }) => others, MUCH_OTHERS).map(
      (each) =>
        `NOISE: other programs took up to ${percent(each.others)} of the machine (${describeSetup(each)}). Measure again when it is quiet.`,
    ),
    ...worst(measured, ({ loadCore }) => loadCore, BUSY_LOAD).map(
      (each) =>
        `The load was busy for ${percent(each.loadCore)} of one core with ${describeSetup(each)}: without it there would be more throughput.`,
    ),
    ...measured
      .filter(({ steady, error }) => !steady && error > AGREEING)
      .map(
        (each) =>
          `With ${describeSetup(each)} throughput had not become steady (±${percent(each.error)}); try more --seconds.`,
      ),
    ...measured
      .filter(({ askedSlots }) => askedSlots !== undefined)
      .map(
        (each) =>
          `The function's memory allowed only ${each.slots} of ${each.askedSlots} slots: see --memory.`,
      ),
    ...(cores > MAX_VCPUS
      ? [
          `This machine has ${cores} cores, and no environment more than ${MAX_VCPUS} vCPUs: the advice is that part of what was measured.`,
        ]
      : []),
    ...(advice.invocationsPerThread > 1
      ? [
          `What the handler waits for gets ${advice.perExecutionEnvironmentMaxConcurrency} calls at once from each environment, and invocations that share a thread share its module's state.`,
        ]
      : []),
  ];
}

function failures(measured: readonly Measurement[]): string[] {
  const all = measured.flatMap(({ answers, rates }) => [
    answers,
    ...rates.flatMap((rate) => ('answers' in rate ? [rate.answers] : [])),
  ]);
  const failed = all.reduce((sum, answers) => sum + answers.failed, 0);
  if (failed === 0) return [];
  const total = all.reduce((sum, answers) => sum + answers.total, 0);
  const first = all.find(({ firstError }) => firstError !== undefined)?.firstError;
  return [
    `FAILURES: ${failed.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} invocations failed, and failing is quicker than working: ` +
      `do not rely on these figures. The first error: ${first}`,
  ];
}

function worst(
  measured: readonly Measurement[],
  figure: (each: Measurement) => number,
  tolerable: number,
): Measurement[] {
  const most = measured.reduce((a, b) => (figure(b) > figure(a) ? b : a));
  return figure(most) > tolerable ? [most] : [];
}

/** Where the parts of a measurement agree so well, it was steady after all. */
const AGREEING = 0.05;
const BUSY_LOAD = 0.8;
