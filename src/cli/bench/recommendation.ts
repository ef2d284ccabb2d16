import { MAX_CONCURRENCY } from '../../config/environment.ts';
import { isShared } from './measurement.ts';
import type { Measurement, Setup } from './measurement.ts';

/** The recommended settings for an environment with `environment.vCpus` vCPUs. */
interface Advice {
  readonly perExecutionEnvironmentMaxConcurrency: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
  readonly environment: EnvironmentSize;
}

/** The conclusion from all measurements. */
export interface Recommendation {
  readonly workload: Workload;
  readonly knee: Knee;
  readonly advice: Advice;
}

/** Makes a recommendation. Needs at least one measurement. */
export function recommend(measured: readonly Measurement[], cores: number): Recommendation {
  const workload = workloadOf(measured, cores);
  const knee = workload.waits ? kneeOfWaiting(measured, cores) : kneeOf(measured, cores);
  return { workload, knee, advice: advise(measured, workload.waits, knee.at, cores) };
}

/** Prefers shared threads, because idle threads waste memory, unless their throughput is lower. */
function kneeOfWaiting(measured: readonly Measurement[], cores: number): Knee {
  const own = measured.filter((each) => !isShared(each));
  const shared = measured.filter(isShared);
  if (shared.length === 0) return kneeOf(own, cores);
  const [ofOwn, ofShared] = [kneeOf(own, cores), kneeOf(shared, cores)];
  const least = ofOwn.best.perSecond * (1 - tolerance(ofOwn.best, ofShared.best));
  return ofShared.best.perSecond >= least ? ofShared : ofOwn;
}

function advise(measured: readonly Measurement[], waits: boolean, at: Measurement, cores: number): Advice {
  // If no environment has as many vCPUs as this machine, all settings are scaled down.
  const part = Math.min(1, MAX_VCPUS / cores);
  const slots = Math.max(1, Math.round(at.slots * part));
  const vCpus = Math.round((waits ? cores : Math.min(cores, at.slots)) * part);
  // If shared threads were not measured, they are recommended as the next thing to try.
  const threads = waits && !measured.some(isShared) ? Math.min(slots, vCpus) : Math.round(at.threads * part);
  return {
    perExecutionEnvironmentMaxConcurrency: slots,
    threads: Math.max(1, threads),
    invocationsPerThread: Math.ceil(slots / Math.max(1, threads)),
    environment: environmentSize(at.peakMemoryMiB, Math.max(1, vCpus)),
  };
}

/** How a handler spends its time. */
interface Workload {
  /** Whether the handler waits for I/O for more than half of its duration. */
  readonly waits: boolean;
  readonly cpuMs: number;
  /** Time spent runnable but without a core. */
  readonly delayMs: number;
  readonly durationMs: number;
  /** The share of the duration spent computing or waiting for a core, 0 to 1. */
  readonly share: number;
}

/** Uses the smallest setup, because with more slots than cores invocations also wait for a core. */
function workloadOf(measured: readonly Measurement[], cores: number): Workload {
  const smallest = measured.reduce((least, each) => (each.slots < least.slots ? each : least));
  const cpuMs = smallest.cpu.msPerInvocation;
  const durationMs = smallest.latencyMs.mean;
  const { delayMsPerInvocation: delayMs } = smallest.cpu;
  const share = Math.min(1, (cpuMs + delayMs) / durationMs);
  const coresAreFree = smallest.slots <= cores || smallest.cpu.cores < cores * BUSY_SHARE;
  return { waits: share < 0.5 && coresAreFree, cpuMs, delayMs, durationMs, share };
}

const BUSY_SHARE = 0.8;

/** The size beyond which more slots bring no more throughput. */
interface Knee {
  readonly at: Measurement;
  readonly best: Measurement;
  /** Whether the size was chosen despite lower throughput, because it used all available cores. */
  readonly full: boolean;
}

/**
 * Returns the smallest size whose throughput equals the best within the tolerance, or that uses all cores that other
 * programs leave. In the second case, more slots cannot increase throughput; an apparent gain means that the machine
 * became faster during the measurement.
 */
function kneeOf(series: readonly Measurement[], cores: number): Knee {
  const best = series.reduce((most, each) => (each.perSecond > most.perSecond ? each : most));
  const ascending = series.toSorted((a, b) => a.slots - b.slots);
  const asGood = (each: Measurement): boolean =>
    each.perSecond >= best.perSecond * (1 - tolerance(each, best));
  const at = ascending.find((each) => asGood(each) || coresUsed(each, cores) >= ALL_CORES_SHARE) ?? best;
  return { at, best, full: !asGood(at) };
}

/** Two standard errors of the difference, clamped. */
function tolerance(a: Measurement, b: Measurement): number {
  return Math.min(MAX_TOLERANCE, Math.max(MIN_TOLERANCE, 2 * Math.hypot(a.error, b.error)));
}

/** The share that the runtime used of the cores left by the load generator and other programs, 0 to 1. */
export function coresUsed({ cpu, loadCore, others }: Measurement, cores: number): number {
  return cpu.cores / (cores * (1 - others) - loadCore);
}

const MIN_TOLERANCE = 0.05;
const MAX_TOLERANCE = 0.15;
const ALL_CORES_SHARE = 0.92;

/** A size of an execution environment on Lambda Managed Instances. */
interface EnvironmentSize {
  readonly vCpus: number;
  readonly gibPerVCpu: number;
  readonly memoryMiB: number;
  /** False if the required memory exceeds what this number of vCPUs can have. */
  readonly fits: boolean;
}

/**
 * Returns the smallest memory size for a number of vCPUs that holds the measured peak plus a third. The headroom is for
 * memory that grows over a longer time than the benchmark runs.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 */
function environmentSize(peakMemoryMiB: number, vCpus: number): EnvironmentSize {
  const need = peakMemoryMiB * HEADROOM;
  const sizes = GIB_PER_VCPU.map((gibPerVCpu) => ({
    vCpus,
    gibPerVCpu,
    memoryMiB: vCpus * gibPerVCpu * 1024,
  }));
  const offered = sizes.filter(({ memoryMiB }) => memoryMiB <= MAX_ENVIRONMENT_MIB);
  const enough = offered.find(({ memoryMiB }) => memoryMiB >= need);
  return { ...(enough ?? (offered.at(-1) as Omit<EnvironmentSize, 'fits'>)), fits: enough !== undefined };
}

const HEADROOM = 4 / 3;

/** The maximum concurrency per vCPU of an execution environment. */
export const MAX_SLOTS_PER_VCPU = 64;
/** The maximum number of vCPUs of an execution environment. */
export const MAX_VCPUS = 16;
const MAX_ENVIRONMENT_MIB = 32 * 1024;
/** The possible GiB of memory per vCPU, ascending. */
const GIB_PER_VCPU: readonly number[] = [2, 4, 8];

/** The sizes to measure. */
export interface Sizes {
  /** Numbers of slots, ascending. If undefined, sizes are measured until throughput stops improving. */
  readonly given: readonly number[] | undefined;
  readonly cores: number;
}

/**
 * Returns the next setup to measure; undefined if no more are needed. The first setups have one thread per slot. If the
 * handler waits more than it computes, setups follow in which the slots share one thread per core.
 */
export function nextSetup(measured: readonly Measurement[], sizes: Sizes): Setup | undefined {
  const { given, cores } = sizes;
  const own = measured.filter((each) => !isShared(each));
  const ownSlots = ownSizes(sizes)[own.length];
  if (ownSlots !== undefined && needsLarger(own, sizes)) return { slots: ownSlots, threads: ownSlots };
  if (measured.length === 0 || !workloadOf(measured, cores).waits) return undefined;
  const shared = measured.filter(isShared);
  const sharedSlots = sharedSizes(sizes)[shared.length];
  if (sharedSlots === undefined || (given === undefined && !grows(shared))) return undefined;
  return { slots: sharedSlots, threads: cores };
}

/** Returns the maximum number of setups, including those already measured. */
export function maxSetups(measured: readonly Measurement[], sizes: Sizes): number {
  const waits = measured.length > 0 && workloadOf(measured, sizes.cores).waits;
  return ownSizes(sizes).length + (waits ? sharedSizes(sizes).length : 0);
}

function ownSizes({ given, cores }: Sizes): readonly number[] {
  if (given !== undefined) return given;
  const powers = Array.from({ length: 12 }, (_, power) => 2 ** power);
  return [...new Set([...powers, cores])].filter((slots) => slots <= cores * 4).sort((a, b) => a - b);
}

function sharedSizes({ given, cores }: Sizes): readonly number[] {
  if (given !== undefined) return given.filter((slots) => slots > cores);
  const each = [4, 8, 16, 32, MAX_SLOTS_PER_VCPU].map((perThread) => perThread * cores);
  return each.filter((slots) => slots <= MAX_CONCURRENCY);
}

function needsLarger(own: readonly Measurement[], { given, cores }: Sizes): boolean {
  const last = own.at(-1);
  if (last === undefined) return true;
  // The function's memory limits the number of slots.
  if (last.askedSlots !== undefined) return false;
  return given !== undefined || last.slots < cores * 2 || grows(own);
}

/** Whether one of the last two sizes has more throughput than all earlier ones. */
function grows(series: readonly Measurement[]): boolean {
  if (series.length < 3) return true;
  const best = (some: readonly Measurement[]): number => Math.max(...some.map((each) => each.perSecond));
  return best(series.slice(-2)) > best(series.slice(0, -2)) * MIN_GROWTH;
}

const MIN_GROWTH = 1.05;
