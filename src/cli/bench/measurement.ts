import type { Setup } from './setup.ts';

/** What was measured with one setup. */
export interface Measurement extends Setup {
  readonly invocationsPerThread: number;
  /** So many slots were asked for, and the function's memory did not allow them. */
  readonly askedSlots?: number;
  /** Throughput, each slot having the next event at once. */
  readonly perSecond: number;
  /** Relative standard error of it, 0 to 1: how far the parts of the measurement agree. */
  readonly error: number;
  /** Whether the throughput had stopped changing before it was measured. */
  readonly steady: boolean;
  readonly latencyMs: Latency;
  readonly answers: Answers;
  readonly cpu: {
    /** Of the runtime's process, for each invocation. */
    readonly msPerInvocation: number;
    /** How long its threads were ready to run and had no core, for each invocation; 0 where that is not known. */
    readonly delayMsPerInvocation: number;
    /** How many cores it kept busy. */
    readonly cores: number;
  };
  /** The most resident memory that the runtime's process had. */
  readonly peakMemoryMiB: number;
  /** How busy the load kept one core, 0 to 1. Near 1, it is what was measured. */
  readonly loadCore: number;
  /** The part of the machine that other programs took meanwhile, 0 to 1. */
  readonly others: number;
  readonly rates: readonly AtRate[];
}

/** From the instant when an event was due to its answer. */
export interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Answers {
  readonly total: number;
  /** Errors and timeouts. */
  readonly failed: number;
  readonly firstError?: string;
}

/** Events that come at random times, so many a second; or that it was not tried, since the slots are too few. */
export type AtRate =
  | {
      readonly perSecond: number;
      readonly latencyMs: Latency;
      readonly answers: Answers;
      /** How many cores the runtime kept busy. */
      readonly cpuCores: number;
    }
  | { readonly perSecond: number; readonly tooMuch: true };
