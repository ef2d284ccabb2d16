import { busyCores, possiblePerSecond } from './capacity.ts';
import { MAX_BUSY_SHARE, MAX_SLOTS_PER_VCPU, MAX_ENVIRONMENT_MIB, MAX_VCPUS } from './environment-size.ts';
import { counted, describeSetup, isShared, percent, shortNumber } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { coresUsed } from './recommendation.ts';
import type { Conclusion } from './recommendation.ts';

/** Explains a recommendation in one or two sentences per setting. */
export function rationale(conclusion: Conclusion, measured: readonly Measurement[], cores: number): string[] {
  const { basis, workload, advice } = conclusion;
  return [
    workloadSentence(conclusion, cores),
    basis === 'cpu-time'
      ? cpuTimeSentence(conclusion, measured, cores)
      : kneeSentence(conclusion, measured, cores),
    ...(workload.waits ? [sharingSentence(conclusion, measured)] : []),
    vCpuSentence(conclusion, cores),
    memorySentence(conclusion),
    ...(advice.perExecutionEnvironmentMaxConcurrency === 1 ? [ONE_SLOT] : []),
  ];
}

const ONE_SLOT =
  'With 1 slot the handler runs on the main thread, where the runtime cannot interrupt it; with threads (or ' +
  'AWS_LAMBDA_NODEJS_WORKER_COUNT) set to 1 it runs in a worker thread.';

function workloadSentence({ workload }: Conclusion, cores: number): string {
  const { waits, cpuMs, delayMs, durationMs, share } = workload;
  const delay = delayMs > durationMs / 10 ? ` and ${shortNumber(delayMs)} ms without a core` : '';
  const times = `${shortNumber(cpuMs)} ms of CPU time${delay} in ${shortNumber(durationMs)} ms (${percent(share)})`;
  return waits
    ? `The handler waits more than it computes: ${times}. With one thread per slot, most threads would be idle.`
    : `The handler is CPU-bound: ${times}. More slots than ${cores === 1 ? 'the core' : `the ${cores} cores`} can serve ` +
        'make invocations share CPU time.';
}

function kneeSentence({ knee }: Conclusion, measured: readonly Measurement[], cores: number): string {
  const { at, best, full } = knee;
  const possible = (each: Measurement): number => possiblePerSecond(each, cores);
  const rate = (each: Measurement): string => {
    const differs = possible(each) > each.perSecond * (1 + SHOWN_DIFFERENCE);
    return `${shortNumber(each.perSecond)} invocations/s${differs ? ` (possible: ${shortNumber(possible(each))})` : ''}`;
  };
  const largest = measured.filter((each) => isShared(each) === isShared(at)).reduce(larger);
  const reached =
    at === best
      ? `${describeSetup(at)} had the best throughput, ${rate(at)}`
      : `${describeSetup(at)} had ${rate(at)}, ${percent(possible(at) / possible(best))} of the best (${rate(best)} with ${describeSetup(best)})`;
  if (full) {
    return (
      `${reached}, and used ${percent(Math.min(1, coresUsed(at, cores)))} of the available CPU time: ` +
      'more slots would only share it.'
    );
  }
  if (largest.slots === at.slots) return `${reached}; larger sizes were not measured.`;
  return `${reached}; with ${describeSetup(largest)} p99 is ${shortNumber(largest.latencyMs.p99)} ms instead of ${shortNumber(at.latencyMs.p99)} ms.`;
}

/** From which difference on the possible throughput is named beside the observed one. */
const SHOWN_DIFFERENCE = 0.05;

function cpuTimeSentence(
  { knee: { at } }: Conclusion,
  measured: readonly Measurement[],
  cores: number,
): string {
  const times = measured.map(({ cpu }) => cpu.msPerInvocation);
  const [least, most] = [Math.min(...times), Math.max(...times)].map(shortNumber);
  return (
    'From CPU time, because the throughput is unreliable: ' +
    `an invocation took ${least === most ? least : `${least} to ${most}`} ms of CPU time at every size, so ` +
    `${describeSetup(at)} can serve about ${shortNumber(possiblePerSecond(at, cores))} invocations/s on ` +
    `${counted(cores, 'core')} (observed: ${shortNumber(at.perSecond)}).`
  );
}

function sharingSentence({ advice, knee: { at } }: Conclusion, measured: readonly Measurement[]): string {
  const own = measured.filter((each) => !isShared(each));
  if (!measured.some(isShared))
    return 'Shared threads were not measured. To measure them, use sizes above the number of cores.';
  if (!isShared(at)) return 'Shared threads had less throughput than one thread per slot.';
  const largest = own.reduce(larger);
  const memory = (each: Measurement): string =>
    `${shortNumber(each.peakMemoryMiB)} MiB with ${describeSetup(each)}`;
  return (
    `${advice.threads} shared ${advice.threads === 1 ? 'thread is' : 'threads are'} enough: ${memory(at)}, ` +
    `compared with ${memory(largest)} and one thread per slot.`
  );
}

function vCpuSentence({ advice, workload, knee: { at } }: Conclusion, cores: number): string {
  const { perExecutionEnvironmentMaxConcurrency: slots, environment } = advice;
  const { vCpusForCpuTime } = environment;
  const vCpus = counted(vCpusForCpuTime, 'vCPU');
  const share = workload.waits ? ` at most ${percent(MAX_BUSY_SHARE)} busy` : '';
  const limit =
    slots >= vCpusForCpuTime * MAX_SLOTS_PER_VCPU
      ? ` Lambda allows at most ${MAX_SLOTS_PER_VCPU} slots per vCPU.`
      : '';
  return (
    `${describeSetup(at)} keep ${shortNumber(busyCores(at, cores))} cores busy, which is ${vCpus}${share}` +
    `${slots === at.slots ? '' : `, with ${counted(slots, 'slot')}`}.${limit}`
  ).replace(/^(1 slot) keep/, '$1 keeps');
}

function memorySentence({ advice: { environment }, knee: { at } }: Conclusion): string {
  const { vCpus, vCpusForCpuTime, gibPerVCpu, memoryMiB, fits } = environment;
  const peak = `The runtime's memory peaked at ${shortNumber(at.peakMemoryMiB)} MiB; with a third as headroom, `;
  const size = `${memoryMiB} MiB (${gibPerVCpu} GiB per vCPU)`;
  if (!fits) return `${peak}no environment has enough.`;
  if (vCpus === vCpusForCpuTime) return `${peak}the smallest size with ${counted(vCpus, 'vCPU')} is ${size}.`;
  return `${peak}it needs ${counted(vCpus, 'vCPU')}: the smallest size is ${size}.`;
}

function larger(a: Measurement, b: Measurement): Measurement {
  return b.slots > a.slots ? b : a;
}

/** Lists what limits the recommendation or the measurements, the most serious first. */
export function caveats(
  conclusion: Conclusion | undefined,
  measured: readonly Measurement[],
  cores: number,
): string[] {
  const advice = conclusion?.advice;
  const busiest = measured.reduce((a, b) => (b.loadCore > a.loadCore ? b : a));
  return [
    ...(busiest.loadCore > LIMITING_LOAD
      ? [
          `The load generator used ${percent(busiest.loadCore)} of one core with ${describeSetup(busiest)} and may limit the throughput.`,
        ]
      : []),
    ...measured
      .filter(({ steady, standardError }) => !steady && standardError > STEADY_ERROR)
      .map(
        (each) =>
          `With ${describeSetup(each)} the throughput was not steady (±${percent(each.standardError)}). Increase --seconds.`,
      ),
    ...measured
      .filter(({ askedSlots }) => askedSlots !== undefined)
      .map(
        (each) =>
          `The function's memory allowed only ${each.slots} of ${each.askedSlots} slots. See --memory.`,
      ),
    ...(conclusion?.advice.environment.fits === false
      ? [
          `The measured memory with a third as headroom exceeds the ${MAX_ENVIRONMENT_MIB} MiB that an environment can have. ${
            conclusion.knee.at.slots > 1 ? 'Use fewer slots.' : 'Reduce the memory that an invocation needs.'
          }`,
        ]
      : []),
    ...(cores > MAX_VCPUS
      ? [
          `This machine has ${cores} cores, but an environment has at most ${MAX_VCPUS} vCPUs. Above that, the recommendation is scaled down.`,
        ]
      : []),
    ...(advice !== undefined && advice.invocationsPerThread > 1
      ? [
          `Each environment makes up to ${advice.perExecutionEnvironmentMaxConcurrency} concurrent calls to the services that the handler waits for, and invocations on one thread share the state of its modules.`,
        ]
      : []),
  ];
}

/** Below this standard error, a measurement counts as steady even if the warm-up did not. */
const STEADY_ERROR = 0.05;
const LIMITING_LOAD = 0.8;
