import { rounded } from '../../observability/stats.ts';

/** The runtime's configuration for one measurement. */
export interface Setup {
  /** The concurrency. */
  readonly slots: number;
  /** The number of threads that run the slots. */
  readonly threads: number;
}

/** The measurement of one size. */
export interface Measurement extends Setup {
  /** The option `invocationsPerThread`: the slots for each thread. */
  readonly invocationsPerThread: number;
  /** The requested number of slots, if the function's memory did not allow it. */
  readonly askedSlots?: number;
  /** The observed throughput in invocations per second, with all slots busy. */
  readonly perSecond: number;
  /** The relative standard error of {@link perSecond}, 0 to 1, from the spread between parts of the measurement. */
  readonly standardError: number;
  /** Whether the throughput was steady before the measurement began. */
  readonly steady: boolean;
  /** Latency with all slots busy. */
  readonly latencyMs: Latency;
  /** How the latencies are distributed, in buckets of rising latency. */
  readonly histogram: readonly HistogramBucket[];
  /** How many invocations were answered, and how many failed. */
  readonly answers: Answers;
  /** The CPU time of the runtime's process. */
  readonly cpu: CpuUse;
  /** The peak resident memory of the runtime's process, in MiB. */
  readonly peakMemoryMiB: number;
  /** The share of one core that the load generator used, 0 to 1. Near 1, it limits the throughput. */
  readonly loadCore: number;
  /** The share of the machine that other programs used, 0 to 1. */
  readonly others: number;
  /**
   * The part of {@link others} that a thread cannot tell from waiting, 0 to 1: on Linux the time that the hypervisor withheld,
   * elsewhere all of it.
   */
  readonly stolen: number;
  /** The rounds in which this size was measured, in order. */
  readonly rounds: readonly RoundSummary[];
  /** The measurements at given rates. */
  readonly rates: readonly AtRate[];
}

/** Latency in ms, from the instant at which an event was due until its answer. */
export interface Latency {
  /** The arithmetic mean. */
  readonly mean: number;
  /** The median. */
  readonly p50: number;
  /** The 90th percentile. */
  readonly p90: number;
  /** The 99th percentile. */
  readonly p99: number;
  /** The longest latency. */
  readonly max: number;
}

/** The invocations with a latency in an interval. */
export interface HistogramBucket {
  /** The lower bound, in ms, inclusive. */
  readonly fromMs: number;
  /** The upper bound, in ms, exclusive except in the last bucket. */
  readonly toMs: number;
  /** The number of invocations. */
  readonly count: number;
}

/** The number of answers. */
export interface Answers {
  /** All answers, including failures. */
  readonly total: number;
  /** The number of errors and timeouts. */
  readonly failed: number;
  /** The first failure: type and message. Absent without failures. */
  readonly firstError?: string;
}

/** The CPU time of the runtime's process. */
export interface CpuUse {
  /** CPU time per invocation, in ms. */
  readonly msPerInvocation: number;
  /** Time per invocation in which threads were ready but had no core, in ms; 0 where the system does not report it. */
  readonly delayMsPerInvocation: number;
  /** The number of cores that the process kept busy. */
  readonly cores: number;
}

/** One round of a measurement. */
export interface RoundSummary {
  /** The observed throughput, in invocations per second. */
  readonly perSecond: number;
  /** CPU time per invocation, in ms. */
  readonly cpuMsPerInvocation: number;
  /** The share of the machine that other programs used, 0 to 1. */
  readonly others: number;
  /** Whether the measurement contains this round. Rounds that other programs disturbed are left out if others suffice. */
  readonly counted: boolean;
}

/** The result of an open loop at one rate. `tooMuch`: not measured, because the rate exceeds the throughput. */
export type AtRate = MeasuredRate | SkippedRate;

/** The measurement of one size at a given rate. */
export interface MeasuredRate {
  /** The rate, in events per second. */
  readonly perSecond: number;
  /** Latency at this rate. */
  readonly latencyMs: Latency;
  /** The number of answers. */
  readonly answers: Answers;
  /** The number of cores that the runtime kept busy. */
  readonly cpuCores: number;
}

/** A rate that was not measured, because it exceeds the throughput. */
export interface SkippedRate {
  /** The rate, in events per second. */
  readonly perSecond: number;
  /** Always true. */
  readonly tooMuch: true;
}

/** The value of the option `invocationsPerThread` that spreads the slots over the threads. */
export function invocationsPerThread({ slots, threads }: Setup): number {
  return Math.ceil(slots / threads);
}

/** Whether invocations share threads. */
export function isShared(setup: Setup): boolean {
  return setup.slots > setup.threads;
}

/** Whether two setups are the same. */
export function isSameSetup(one: Setup, other: Setup): boolean {
  return one.slots === other.slots && one.threads === other.threads;
}

/** `4 slots`, or `128 slots on 2 threads`. */
export function describeSetup(setup: Setup): string {
  const slots = counted(setup.slots, 'slot');
  return isShared(setup) ? `${slots} on ${counted(setup.threads, 'thread')}` : slots;
}

/** `1 slot`, `2 slots`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Rounds the values of a latency for output. */
export function roundedLatency(latency: Latency): Latency {
  const { mean, p50, p90, p99, max } = latency;
  return {
    mean: rounded(mean),
    p50: rounded(p50),
    p90: rounded(p90),
    p99: rounded(p99),
    max: rounded(max),
  };
}

/** Formats a number with about three significant digits, without an exponent. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString('en-US');
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** 0.123 → 12 %. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
