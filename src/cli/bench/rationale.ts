import { coresUsed, MAX_SLOTS_PER_VCPU } from './recommendation.ts';
import type { Measurement } from './measurement.ts';
import { percent, shortNumber, isShared, describeSetup } from './measurement.ts';
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
