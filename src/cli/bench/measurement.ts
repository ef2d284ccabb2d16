import { rounded } from '../../observability/stats.ts';

/** The measurement of one setup. */
export interface Measurement extends Setup {
  readonly invocationsPerThread: number;
  /** The requested number of slots, if the function's memory did not allow it. */
  readonly askedSlots?: number;
  /** Throughput in invocations per second with all slots busy. */
  readonly perSecond: number;
  /** Relative standard error of the throughput, 0 to 1, from the spread between parts of the measurement. */
  readonly error: number;
  /** Whether the throughput was steady before the measurement began. */
  readonly steady: boolean;
  readonly latencyMs: Latency;
  readonly answers: Answers;
  readonly cpu: {
    /** CPU time of the runtime's process per invocation. */
    readonly msPerInvocation: number;
    /** Time per invocation that threads were runnable but had no core; 0 where the system does not report it. */
    readonly delayMsPerInvocation: number;
    /** The number of cores that the process kept busy. */
    readonly cores: number;
  };
  /** The peak resident memory of the runtime's process. */
  readonly peakMemoryMiB: number;
  /** The share of one core that the load generator used, 0 to 1. Near 1, it limits the throughput. */
  readonly loadCore: number;
  /** The share of the machine that other programs used, 0 to 1. */
  readonly others: number;
  readonly rates: readonly AtRate[];
}

/** Latency in ms, from the instant at which an event was due until its answer. */
interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

interface Answers {
  readonly total: number;
  /** The number of errors and timeouts. */
  readonly failed: number;
  readonly firstError?: string;
}

/** The result of an open loop at one rate. `tooMuch`: not measured, because the rate exceeds the throughput. */
export type AtRate =
  | {
      readonly perSecond: number;
      readonly latencyMs: Latency;
      readonly answers: Answers;
      /** The number of cores that the runtime kept busy. */
      readonly cpuCores: number;
    }
  | { readonly perSecond: number; readonly tooMuch: true };

/** The runtime's configuration for one measurement. */
export interface Setup {
  /** The concurrency. */
  readonly slots: number;
  readonly threads: number;
}

/** The value of the option `invocationsPerThread` that spreads the slots over the threads. */
export function invocationsPerThread({ slots, threads }: Setup): number {
  return Math.ceil(slots / threads);
}

/** Whether invocations share threads. */
export function isShared(setup: Setup): boolean {
  return setup.slots > setup.threads;
}

/** `4 slots`, or `128 slots on 2 threads`. */
export function describeSetup(setup: Setup): string {
  const slots = `${setup.slots} ${setup.slots === 1 ? 'slot' : 'slots'}`;
  return isShared(setup)
    ? `${slots} on ${setup.threads} ${setup.threads === 1 ? 'thread' : 'threads'}`
    : slots;
}

/** The error of an invocation; undefined if it succeeded. */
export type Failure = string | undefined;

/**
 * Records the answers of one measurement. It keeps every latency in order, unlike `Durations`, because the standard
 * error compares parts of the measurement, whose bounds are known only at the end. An hour at 10,000 invocations per
 * second takes 300 MB.
 */
export class Tally {
  readonly #latencies: number[] = [];
  #failed = 0;
  #firstError: string | undefined;

  add(latencyMs: number, failure: Failure): void {
    this.#latencies.push(latencyMs);
    if (failure === undefined) return;
    this.#failed += 1;
    this.#firstError ??= failure;
  }

  get count(): number {
    return this.#latencies.length;
  }

  get answers(): Answers {
    const counts = { total: this.count, failed: this.#failed };
    return this.#firstError === undefined ? counts : { ...counts, firstError: this.#firstError };
  }

  get latency(): Latency {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (part: number): number => rounded(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
    return { mean: rounded(mean(sorted)), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }

  /**
   * Returns the throughput of a closed loop: the number of callers ÷ the mean latency (Little's law). Unlike a count of
   * answers, it does not depend on where in an invocation the measurement ends.
   */
  throughput(callers: number): { readonly perSecond: number; readonly error: number } {
    const perSecond = (latencies: readonly number[]): number => (callers * 1000) / mean(latencies);
    const length = Math.floor(this.count / PARTS);
    if (length === 0) return { perSecond: perSecond(this.#latencies), error: 1 };
    const parts = Array.from({ length: PARTS }, (_, part) =>
      perSecond(this.#latencies.slice(part * length, (part + 1) * length)),
    );
    const middle = mean(parts);
    const variance = parts.reduce((sum, part) => sum + (part - middle) ** 2, 0) / (PARTS - 1);
    return { perSecond: perSecond(this.#latencies), error: Math.sqrt(variance / PARTS) / middle };
  }
}

const PARTS = 5;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
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
