import { MAX_CONCURRENCY } from '../../config/environment.ts';
import { isShared } from './measurement.ts';
import type { Measurement, Setup } from './measurement.ts';

/** What to set, for an environment with `environment.vCpus` vCPUs. */
interface Advice {
  readonly perExecutionEnvironmentMaxConcurrency: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
  readonly environment: EnvironmentSize;
}

/** What the measurements come to. */
export interface Recommendation {
  readonly workload: Workload;
  readonly knee: Knee;
  readonly advice: Advice;
}

/** Decides, from at least one measurement. */
export function recommend(measured: readonly Measurement[], cores: number): Recommendation {
  const workload = workloadOf(measured, cores);
  const knee = workload.waits ? kneeOfWaiting(measured, cores) : kneeOf(measured, cores);
  return { workload, knee, advice: advise(measured, workload.waits, knee.at, cores) };
}

/** Threads that only wait are waste: shared ones are taken, unless they do worse. */
function kneeOfWaiting(measured: readonly Measurement[], cores: number): Knee {
  const own = measured.filter((each) => !isShared(each));
  const shared = measured.filter(isShared);
  if (shared.length === 0) return kneeOf(own, cores);
  const [ofOwn, ofShared] = [kneeOf(own, cores), kneeOf(shared, cores)];
  const least = ofOwn.best.perSecond * (1 - tolerance(ofOwn.best, ofShared.best));
  return ofShared.best.perSecond >= least ? ofShared : ofOwn;
}

function advise(measured: readonly Measurement[], waits: boolean, at: Measurement, cores: number): Advice {
  // An environment that cannot have as many vCPUs as this machine gets its part of the rest, too.
  const part = Math.min(1, MAX_VCPUS / cores);
  const slots = Math.max(1, Math.round(at.slots * part));
  const vCpus = Math.round((waits ? cores : Math.min(cores, at.slots)) * part);
  // Where it was not measured, sharing is what to try.
  const threads = waits && !measured.some(isShared) ? Math.min(slots, vCpus) : Math.round(at.threads * part);
  return {
    perExecutionEnvironmentMaxConcurrency: slots,
    threads: Math.max(1, threads),
    invocationsPerThread: Math.ceil(slots / Math.max(1, threads)),
    environment: environmentSize(at.peakMemoryMiB, Math.max(1, vCpus)),
  };
}

/** What a handler does with its time. */
interface Workload {
  /** More than half of an invocation is waiting for something else than a core. */
  readonly waits: boolean;
  readonly cpuMs: number;
  /** Waiting for a core, which other programs or too many slots have. */
  readonly delayMs: number;
  readonly durationMs: number;
  /** The part that it computes, or would if it had a core: 0 to 1. */
  readonly share: number;
}

/** From the smallest setup: with more slots than cores an invocation also waits for a core. */
function workloadOf(measured: readonly Measurement[], cores: number): Workload {
  const smallest = measured.reduce((least, each) => (each.slots < least.slots ? each : least));
  const cpuMs = smallest.cpu.msPerInvocation;
  const durationMs = smallest.latencyMs.mean;
  const { delayMsPerInvocation: delayMs } = smallest.cpu;
  const share = Math.min(1, (cpuMs + delayMs) / durationMs);
  const coresAreFree = smallest.slots <= cores || smallest.cpu.cores < cores * BUSY;
  return { waits: share < 0.5 && coresAreFree, cpuMs, delayMs, durationMs, share };
}

const BUSY = 0.8;

/** Where more slots stop paying. */
interface Knee {
  readonly at: Measurement;
  readonly best: Measurement;
  /** It was chosen though its throughput is lower: it kept all cores busy that there were for it. */
  readonly full: boolean;
}

/**
 * The fewest slots whose throughput is the best, but for a twentieth or for what is noise; or that keep all cores
 * busy, but for what other programs take: then more slots can only take turns, and what looks like a gain is a machine
 * that had become faster.
 */
function kneeOf(series: readonly Measurement[], cores: number): Knee {
  const best = series.reduce((most, each) => (each.perSecond > most.perSecond ? each : most));
  const ascending = series.toSorted((a, b) => a.slots - b.slots);
  const asGood = (each: Measurement): boolean =>
    each.perSecond >= best.perSecond * (1 - tolerance(each, best));
  const at = ascending.find((each) => asGood(each) || coresUsed(each, cores) >= FULL) ?? best;
  return { at, best, full: !asGood(at) };
}

/** Two standard errors of the difference, within bounds. */
function tolerance(a: Measurement, b: Measurement): number {
  return Math.min(MOST, Math.max(LEAST, 2 * Math.hypot(a.error, b.error)));
}

/** The part of the cores that the runtime used, of those that the load and other programs left, 0 to 1. */
export function coresUsed({ cpu, loadCore, others }: Measurement, cores: number): number {
  return cpu.cores / (cores * (1 - others) - loadCore);
}

const LEAST = 0.05;
const MOST = 0.15;
const FULL = 0.92;

/** A size of execution environments that Lambda Managed Instances offer. */
interface EnvironmentSize {
  readonly vCpus: number;
  readonly gibPerVCpu: number;
  readonly memoryMiB: number;
  /** False when the need is larger than what so many vCPUs can have. */
  readonly fits: boolean;
}

/**
 * The least memory for so many vCPUs that holds what was measured and a third on top: memory grows for a while, longer
 * than a bench.
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

/** Most invocations at once for each vCPU of an execution environment. */
export const MAX_SLOTS_PER_VCPU = 64;
/** No environment has more. */
export const MAX_VCPUS = 16;
const MAX_ENVIRONMENT_MIB = 32 * 1024;
/** What there can be of memory for each vCPU, ascending. */
const GIB_PER_VCPU: readonly number[] = [2, 4, 8];

/** What is to be measured, as far as that is known beforehand. */
export interface Sizes {
  /** Numbers of slots in ascending order; undefined: as many as throughput grows with. */
  readonly given: readonly number[] | undefined;
  readonly cores: number;
}

/**
 * The setup to measure after these, or undefined when enough is known: first with a thread for each slot; then, if the
 * handler waits more than it computes, with slots that share as many threads as there are cores.
 */
export function nextSetup(measured: readonly Measurement[], sizes: Sizes): Setup | undefined {
  const { given, cores } = sizes;
  const own = measured.filter((each) => !isShared(each));
  const ownSlots = ownSizes(sizes)[own.length];
  if (ownSlots !== undefined && goesOn(own, sizes)) return { slots: ownSlots, threads: ownSlots };
  if (measured.length === 0 || !workloadOf(measured, cores).waits) return undefined;
  const shared = measured.filter(isShared);
  const sharedSlots = sharedSizes(sizes)[shared.length];
  if (sharedSlots === undefined || (given === undefined && !grows(shared))) return undefined;
  return { slots: sharedSlots, threads: cores };
}

/** How many there will be at most. */
export function mostSetups(measured: readonly Measurement[], sizes: Sizes): number {
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

function goesOn(own: readonly Measurement[], { given, cores }: Sizes): boolean {
  const last = own.at(-1);
  if (last === undefined) return true;
  // Memory did not allow so many; it will not allow more.
  if (last.askedSlots !== undefined) return false;
  return given !== undefined || last.slots < cores * 2 || grows(own);
}

/** Whether one of the last two has more throughput than all before. */
function grows(series: readonly Measurement[]): boolean {
  if (series.length < 3) return true;
  const best = (some: readonly Measurement[]): number => Math.max(...some.map((each) => each.perSecond));
  return best(series.slice(-2)) > best(series.slice(0, -2)) * WORTH_GOING_ON;
}

const WORTH_GOING_ON = 1.05;
