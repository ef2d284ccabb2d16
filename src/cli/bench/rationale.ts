import { MUCH_OTHERS } from './machine.ts';
import { describeSetup, isShared, percent, shortNumber } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { MAX_SLOTS_PER_VCPU, MAX_VCPUS, coresUsed } from './recommendation.ts';
import type { Recommendation } from './recommendation.ts';

/** The reasons for a recommendation, a sentence or two each. */
export function rationale(
  recommendation: Recommendation,
  measured: readonly Measurement[],
  cores: number,
): string[] {
  return [
    workloadSentence(recommendation, cores),
    kneeSentence(recommendation, measured, cores),
    ...(recommendation.workload.waits ? [sharingSentence(recommendation, measured)] : []),
    memorySentence(recommendation),
  ];
}

function workloadSentence({ workload }: Recommendation, cores: number): string {
  const { waits, cpuMs, delayMs, durationMs, share } = workload;
  const delay = delayMs > durationMs / 10 ? ` and ${shortNumber(delayMs)} ms without a core` : '';
  const figures = `${shortNumber(cpuMs)} ms of CPU time${delay} in ${shortNumber(durationMs)} ms (${percent(share)})`;
  return waits
    ? `The handler waits more than it computes: ${figures}. A thread for each slot would mostly sleep.`
    : `The handler computes: ${figures}. With more slots than the ${cores} ${cores === 1 ? 'core' : 'cores'} have work for, ` +
        'invocations only take turns.';
}

function kneeSentence(
  { knee: { at, best, full } }: Recommendation,
  measured: readonly Measurement[],
  cores: number,
): string {
  const rate = (each: Measurement): string => `${shortNumber(each.perSecond)} invocations/s`;
  const most = measured.filter((each) => isShared(each) === isShared(at)).reduce(larger);
  const reached =
    at === best
      ? `${describeSetup(at)} had the best throughput, ${rate(at)}`
      : `${describeSetup(at)} had ${rate(at)}, ${percent(at.perSecond / best.perSecond)} of the best (${rate(best)} with ${describeSetup(best)})`;
  if (full) {
    return (
      `${reached}, and kept ${percent(Math.min(1, coresUsed(at, cores)))} of the cores busy that were free for it: ` +
      'more slots could only take turns.'
    );
  }
  if (most.slots === at.slots) return `${reached}, and more were not measured.`;
  return `${reached}; with ${describeSetup(most)} p99 is ${shortNumber(most.latencyMs.p99)} ms in place of ${shortNumber(at.latencyMs.p99)}.`;
}

function sharingSentence({ advice, knee: { at } }: Recommendation, measured: readonly Measurement[]): string {
  const own = measured.filter((each) => !isShared(each));
  if (!measured.some(isShared)) return 'Shared threads were not measured: measure more slots than cores.';
  if (!isShared(at)) return 'Shared threads had less throughput than a thread for each slot.';
  const most = own.reduce(larger);
  const perSlot = (each: Measurement): string =>
    `${shortNumber(each.peakMemoryMiB)} MiB with ${describeSetup(each)}`;
  const limit =
    advice.perExecutionEnvironmentMaxConcurrency >= advice.environment.vCpus * MAX_SLOTS_PER_VCPU
      ? ` More than ${MAX_SLOTS_PER_VCPU} for each vCPU are not allowed by Lambda.`
      : '';
  return (
    `${advice.threads} ${advice.threads === 1 ? 'thread does' : 'threads do'} for all of them: ${perSlot(at)}, ` +
    `and ${perSlot(most)} that ${most.slots === 1 ? 'has' : 'have'} a thread each.${limit}`
  );
}

function memorySentence({ advice: { environment }, knee: { at } }: Recommendation): string {
  const { vCpus, gibPerVCpu, memoryMiB, fits } = environment;
  const peak = `At the peak the runtime had ${shortNumber(at.peakMemoryMiB)} MiB`;
  return fits
    ? `${peak}; with a third on top, ${memoryMiB} MiB is the least that holds it with ${vCpus} ` +
        `${vCpus === 1 ? 'vCPU' : 'vCPUs'} (${gibPerVCpu} GiB for each).`
    : `${peak}, which with a third on top is more than the ${memoryMiB} MiB that ${vCpus} vCPUs can have: take fewer slots.`;
}

function larger(a: Measurement, b: Measurement): Measurement {
  return b.slots > a.slots ? b : a;
}

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
