import { busyCores, expectedPerSecond, possiblePerSecond, smallestOf } from './capacity.ts';
import { MAX_SLOTS_PER_VCPU, MAX_VCPUS, environmentSize, vCpusFor } from './environment-size.ts';
import type { EnvironmentSize } from './environment-size.ts';
import { isSameSetup, isShared } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { workloadOf } from './workload.ts';
import type { Workload } from './workload.ts';

/** The recommended settings of the function. */
export interface Advice {
  /** The setting `PerExecutionEnvironmentMaxConcurrency`. */
  readonly perExecutionEnvironmentMaxConcurrency: number;
  /** The option `threads`. */
  readonly threads: number;
  /** The option `invocationsPerThread`. */
  readonly invocationsPerThread: number;
  /** vCPUs and memory of the execution environment. */
  readonly environment: EnvironmentSize;
}

/** The measurements that a recommendation rests on: the throughput of the sizes, or only the CPU time of an invocation. */
export type Basis = 'throughput' | 'cpu-time';

/** A recommendation, with the measurements that it rests on. */
export interface Conclusion {
  readonly basis: Basis;
  readonly workload: Workload;
  readonly knee: Knee;
  readonly advice: Advice;
}

/** Makes a recommendation from measurements without disturbance. Needs at least one measurement. */
export function recommend(measured: readonly Measurement[], cores: number): Conclusion {
  const workload = workloadOf(measured, cores);
  const knee = kneeOf(measured, workload, {
    throughput: (each) => possiblePerSecond(each, cores),
    isFull: (each) => coresUsed(each, cores) >= ALL_CORES_SHARE,
  });
  return { basis: 'throughput', workload, knee, advice: adviceFor(knee.at, measured, workload, cores) };
}

/**
 * Makes a recommendation although other programs disturbed the measurements, from the CPU time of an invocation. Returns the
 * reason instead if CPU time does not decide.
 */
export function recommendFromCpuTime(measured: readonly Measurement[], cores: number): Conclusion | string {
  const workload = workloadOf(measured, cores);
  if (!workload.certain) return 'It is uncertain whether the handler computes or waits.';
  if (!workload.waits && cpuTimeSpread(measured) > MAX_CPU_SPREAD)
    return 'The CPU time of an invocation differs too much between the sizes.';
  const smallest = smallestOf(measured);
  // How many cores the others would have left is unknown.
  const isFull = (): boolean => false;
  const expected = kneeOf(measured, workload, {
    throughput: (each) => expectedPerSecond(each, smallest, cores),
    isFull,
  });
  const observed = kneeOf(measured, workload, {
    throughput: (each) => possiblePerSecond(each, cores),
    isFull,
  });
  if (!isSameSetup(expected.at, observed.at))
    return 'CPU time and throughput lead to different sizes, and other programs may be the reason.';
  return {
    basis: 'cpu-time',
    workload,
    knee: expected,
    advice: adviceFor(expected.at, measured, workload, cores),
  };
}

/** The largest CPU time of an invocation ÷ the smallest. */
function cpuTimeSpread(measured: readonly Measurement[]): number {
  const times = measured.map(({ cpu }) => cpu.msPerInvocation);
  return Math.max(...times) / Math.min(...times);
}

const MAX_CPU_SPREAD = 1.5;

/** Returns the settings for a measured size. */
export function adviceFor(
  at: Measurement,
  measured: readonly Measurement[],
  { waits }: Workload,
  cores: number,
): Advice {
  const needed = Math.min(cores, vCpusFor(busyCores(at, cores), waits));
  const vCpus = Math.min(needed, MAX_VCPUS);
  // If no environment has as many vCPUs, the slots are scaled down.
  const slots = Math.min(Math.max(1, Math.round((at.slots * vCpus) / needed)), vCpus * MAX_SLOTS_PER_VCPU);
  // If shared threads were not measured, they are recommended as the next thing to try.
  const shares = isShared(at) || (waits && !measured.some(isShared));
  const threads = shares ? Math.min(slots, vCpus, at.threads) : slots;
  return {
    perExecutionEnvironmentMaxConcurrency: slots,
    threads,
    invocationsPerThread: Math.ceil(slots / threads),
    environment: environmentSize(peakMemoryMiB(at, slots, measured), vCpus),
  };
}

/** The peak memory with a number of slots: that of the smallest measured size that has as many. */
function peakMemoryMiB(at: Measurement, slots: number, measured: readonly Measurement[]): number {
  const enough = measured.filter((each) => isShared(each) === isShared(at) && each.slots >= slots);
  return enough.length === 0 ? at.peakMemoryMiB : smallestOf(enough).peakMemoryMiB;
}

/** The size beyond which more slots bring no more throughput. */
interface Knee {
  readonly at: Measurement;
  readonly best: Measurement;
  /** Whether the size was chosen despite lower throughput, because it used all available cores. */
  readonly full: boolean;
}

interface KneeRule {
  readonly throughput: (each: Measurement) => number;
  /** Whether the size used all cores that were free. */
  readonly isFull: (each: Measurement) => boolean;
}

/** For a handler that waits, prefers shared threads, because idle threads waste memory, unless their throughput is lower. */
function kneeOf(measured: readonly Measurement[], { waits }: Workload, rule: KneeRule): Knee {
  const ofOwn = kneeOfSeries(
    measured.filter((each) => !isShared(each)),
    rule,
  );
  const shared = measured.filter(isShared);
  if (!waits || shared.length === 0) return ofOwn;
  const ofShared = kneeOfSeries(shared, rule);
  const least = rule.throughput(ofOwn.best) * (1 - tolerance(ofOwn.best, ofShared.best));
  return rule.throughput(ofShared.best) >= least ? ofShared : ofOwn;
}

/**
 * Returns the smallest size whose throughput equals the best within the tolerance, or that uses all cores that other
 * programs leave. In the second case, more slots cannot increase throughput; an apparent gain means that the machine
 * became faster during the measurement.
 */
function kneeOfSeries(series: readonly Measurement[], { throughput, isFull }: KneeRule): Knee {
  const best = series.reduce((most, each) => (throughput(each) > throughput(most) ? each : most));
  const ascending = series.toSorted((a, b) => a.slots - b.slots);
  const asGood = (each: Measurement): boolean =>
    throughput(each) >= throughput(best) * (1 - tolerance(each, best));
  const at = ascending.find((each) => asGood(each) || isFull(each)) ?? best;
  return { at, best, full: !asGood(at) };
}

/** Two standard errors of the difference, clamped. */
function tolerance(a: Measurement, b: Measurement): number {
  return Math.min(MAX_TOLERANCE, Math.max(MIN_TOLERANCE, 2 * Math.hypot(a.standardError, b.standardError)));
}

/** The share that the runtime used of the cores left by the load generator and other programs, 0 to 1. */
export function coresUsed({ cpu, loadCore, others }: Measurement, cores: number): number {
  return cpu.cores / (cores * (1 - others) - loadCore);
}

const MIN_TOLERANCE = 0.05;
const MAX_TOLERANCE = 0.15;
const ALL_CORES_SHARE = 0.92;
