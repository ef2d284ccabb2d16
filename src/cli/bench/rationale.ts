import { NOISY_SHARE } from './machine.ts';
import { describeSetup, isShared, percent, shortNumber } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { MAX_SLOTS_PER_VCPU, MAX_VCPUS, coresUsed } from './recommendation.ts';
import type { Recommendation } from './recommendation.ts';

/** Explains a recommendation in one or two sentences per setting. */
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
    ...(recommendation.advice.perExecutionEnvironmentMaxConcurrency === 1 ? [ONE_SLOT] : []),
  ];
}

const ONE_SLOT =
  'With 1 slot the handler runs on the main thread, where the runtime cannot interrupt it; with threads (or ' +
  'AWS_LAMBDA_NODEJS_WORKER_COUNT) set to 1 it runs in a worker thread.';

function workloadSentence({ workload }: Recommendation, cores: number): string {
  const { waits, cpuMs, delayMs, durationMs, share } = workload;
  const delay = delayMs > durationMs / 10 ? ` and ${shortNumber(delayMs)} ms without a core` : '';
  const times = `${shortNumber(cpuMs)} ms of CPU time${delay} in ${shortNumber(durationMs)} ms (${percent(share)})`;
  return waits
    ? `The handler waits more than it computes: ${times}. With one thread per slot, most threads would be idle.`
    : `The handler is CPU-bound: ${times}. More slots than ${cores === 1 ? 'the core' : `the ${cores} cores`} can serve ` +
        'make invocations share CPU time.';
}

function kneeSentence(
  { knee: { at, best, full } }: Recommendation,
  measured: readonly Measurement[],
  cores: number,
): string {
  const rate = (each: Measurement): string => `${shortNumber(each.perSecond)} invocations/s`;
  const largest = measured.filter((each) => isShared(each) === isShared(at)).reduce(larger);
  const reached =
    at === best
      ? `${describeSetup(at)} had the best throughput, ${rate(at)}`
      : `${describeSetup(at)} had ${rate(at)}, ${percent(at.perSecond / best.perSecond)} of the best (${rate(best)} with ${describeSetup(best)})`;
  if (full) {
    return (
      `${reached}, and used ${percent(Math.min(1, coresUsed(at, cores)))} of the available CPU time: ` +
      'more slots would only share it.'
    );
  }
  if (largest.slots === at.slots) return `${reached}; larger sizes were not measured.`;
  return `${reached}; with ${describeSetup(largest)} p99 is ${shortNumber(largest.latencyMs.p99)} ms instead of ${shortNumber(at.latencyMs.p99)} ms.`;
}

function sharingSentence({ advice, knee: { at } }: Recommendation, measured: readonly Measurement[]): string {
  const own = measured.filter((each) => !isShared(each));
  if (!measured.some(isShared))
    return 'Shared threads were not measured. To measure them, use sizes above the number of cores.';
  if (!isShared(at)) return 'Shared threads had less throughput than one thread per slot.';
  const largest = own.reduce(larger);
  const memory = (each: Measurement): string =>
    `${shortNumber(each.peakMemoryMiB)} MiB with ${describeSetup(each)}`;
  const limit =
    advice.perExecutionEnvironmentMaxConcurrency >= advice.environment.vCpus * MAX_SLOTS_PER_VCPU
      ? ` Lambda allows at most ${MAX_SLOTS_PER_VCPU} per vCPU.`
      : '';
  return (
    `${advice.threads} shared ${advice.threads === 1 ? 'thread is' : 'threads are'} enough: ${memory(at)}, ` +
    `compared with ${memory(largest)} and one thread per slot.${limit}`
  );
}

function memorySentence({ advice: { environment }, knee: { at } }: Recommendation): string {
  const { vCpus, gibPerVCpu, memoryMiB, fits } = environment;
  const peak = `The runtime's memory peaked at ${shortNumber(at.peakMemoryMiB)} MiB`;
  return fits
    ? `${peak}; with a third as headroom, the smallest size with ${vCpus} ` +
        `${vCpus === 1 ? 'vCPU' : 'vCPUs'} is ${memoryMiB} MiB (${gibPerVCpu} GiB per vCPU).`
    : `${peak}; with a third as headroom, that exceeds the ${memoryMiB} MiB available with ${vCpus} vCPUs: use fewer slots.`;
}

function larger(a: Measurement, b: Measurement): Measurement {
  return b.slots > a.slots ? b : a;
}

/** Lists what makes the measurements unreliable or limits the recommendation, the most serious first. */
export function warnings(
  { advice }: Recommendation,
  measured: readonly Measurement[],
  cores: number,
): string[] {
  return [
    ...failures(measured),
    ...worst(measured, ({ others }) => others, NOISY_SHARE).map(
      (each) =>
        `NOISE: other programs used up to ${percent(each.others)} of the machine (${describeSetup(each)}). Measure again when the machine is idle.`,
    ),
    ...worst(measured, ({ loadCore }) => loadCore, LIMITING_LOAD).map(
      (each) =>
        `The load generator used ${percent(each.loadCore)} of one core with ${describeSetup(each)} and may limit the throughput.`,
    ),
    ...measured
      .filter(({ steady, error }) => !steady && error > STEADY_ERROR)
      .map(
        (each) =>
          `With ${describeSetup(each)} the throughput was not steady (±${percent(each.error)}). Increase --seconds.`,
      ),
    ...measured
      .filter(({ askedSlots }) => askedSlots !== undefined)
      .map(
        (each) =>
          `The function's memory allowed only ${each.slots} of ${each.askedSlots} slots. See --memory.`,
      ),
    ...(cores > MAX_VCPUS
      ? [
          `This machine has ${cores} cores, but an environment has at most ${MAX_VCPUS} vCPUs. The recommendation is scaled down.`,
        ]
      : []),
    ...(advice.invocationsPerThread > 1
      ? [
          `Each environment makes up to ${advice.perExecutionEnvironmentMaxConcurrency} concurrent calls to the services that the handler waits for, and invocations on one thread share the state of its modules.`,
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
    `FAILURES: ${failed.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} invocations failed. Failures may be faster than successes: ` +
      `do not rely on these measurements. First error: ${first}`,
  ];
}

function worst(
  measured: readonly Measurement[],
  metric: (each: Measurement) => number,
  threshold: number,
): Measurement[] {
  const highest = measured.reduce((a, b) => (metric(b) > metric(a) ? b : a));
  return metric(highest) > threshold ? [highest] : [];
}

/** Below this standard error, a measurement counts as steady even if the warm-up did not. */
const STEADY_ERROR = 0.05;
const LIMITING_LOAD = 0.8;
