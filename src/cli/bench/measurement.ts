import { rounded } from '../../observability/stats.ts';

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
interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

interface Answers {
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

/** How the runtime is set up while it is measured. */
export interface Setup {
  /** Invocations at once. */
  readonly slots: number;
  readonly threads: number;
}

/** As a runtime takes it: its slots are spread over the threads. */
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

/** How one invocation ended: undefined, or the error. */
export type Failure = string | undefined;

/**
 * Gathers the answers of a while. All of them, in their order, and not in a histogram as `Durations` has: how far the
 * parts of a measurement agree can only be told when its end is known. An hour of 10,000 a second takes 300 MB.
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
   * The throughput of so many callers who call again as soon as they are answered: the number of callers ÷ the mean
   * latency (Little's law). Unlike a count of answers it does not depend on when in an invocation the clock stops.
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

/** Three significant figures, without exponents. */
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
