import { createHistogram } from 'node:perf_hooks';
import type { Histogram } from 'node:perf_hooks';
import type { DeliveryStatus } from '../invocation/invocation.ts';
import type { InvocationOutcome, ThreadEndCause } from './observer.ts';

/** What gives figures: a `ManagedRuntime`, or what stands in for one. */
export interface StatsSource {
  /** The figures at this instant. */
  stats(): RuntimeStats;
}

/**
 * RuntimeMetrics of a runtime at one instant: plain JSON. Counts and times run from the start of the runtime.
 *
 * @example
 * ```ts
 * import { createManagedRuntime } from 'lambda-managed-runtime';
 *
 * const runtime = createManagedRuntime(new URL('./handler.js', import.meta.url));
 * setInterval(() => {
 *   const { inFlight, slots, durationMs } = runtime.stats();
 *   console.log(`${inFlight} in flight, ${slots.polling} slots wait, p99 ${durationMs.p99} ms`);
 * }, 60_000).unref();
 * await runtime.run();
 * ```
 */
export interface RuntimeStats {
  /** `idle` before `run()`, `stopped` when it has ended. */
  readonly state: 'idle' | 'running' | 'stopped';
  /** As Lambda says it; `function` elsewhere. */
  readonly functionName: string;
  /** Since `run()` was called, in ms. */
  readonly uptimeMs: number;
  /** What the slots do: units of concurrency, with one poller each. */
  readonly slots: SlotStats;
  /** What the worker threads do. */
  readonly threads: ThreadsStats;
  /** Invocations that have arrived and have not ended; background work included. */
  readonly inFlight: number;
  /** Invocations that have arrived. */
  readonly received: number;
  /** Invocations whose answer has been posted, or given up, by how they were answered. */
  readonly answered: Readonly<Record<InvocationOutcome, number>>;
  /** Those among them whose answer was not taken as it was. */
  readonly undelivered: Readonly<Record<Exclude<DeliveryStatus, 'delivered'>, number>>;
  /** Handlers and background work that outlived the deadline and the grace. */
  readonly missedDeadlines: number;
  /** What had to be repeated, or could not be read. */
  readonly runtimeApi: {
    /** Requests for an event that were repeated. */
    readonly pollRetries: number;
    /** Answers that were posted again. */
    readonly answerRetries: number;
    /** Events that could not be read, and were answered with an error where that was possible. */
    readonly malformedEvents: number;
  };
  /** From the arrival of an event until its answer was taken, in ms. */
  readonly durationMs: Distribution;
  /** From the arrival of an event until its thread took it up, in ms. */
  readonly dispatchMs: Distribution;
  /** The thread that answers all invocations; in single mode it runs the handler too. */
  readonly mainThread: EventLoopStats;
  /** CPU time of all threads of the process, those of Node and V8 included, in ms. */
  readonly processCpuMs: number;
}

/** What the slots of a runtime do. */
export interface SlotStats {
  /** How many there are: the concurrency. */
  readonly total: number;
  /** Without room for an invocation: threads are starting or lost, or still busy with what has been answered. */
  readonly waiting: number;
  /** With a poll open. */
  readonly polling: number;
  /** With an invocation, or its background work. */
  readonly busy: number;
  /** That poll no more. */
  readonly stopped: number;
  /** How long slots were busy, all together, in ms. */
  readonly busyMs: number;
}

/** What the threads of a runtime do. All is 0 and empty in single mode, which has no threads. */
export interface ThreadsStats {
  /** That load the handler's module. */
  readonly starting: number;
  /** Ready, without an invocation. */
  readonly idle: number;
  /** With an invocation, or its background work. */
  readonly busy: number;
  /** That take no more invocations and end when those that they hold have ended. */
  readonly retiring: number;
  /** How many have been replaced, by cause. */
  readonly replaced: Readonly<Record<ThreadEndCause, number>>;
  /** Those that are there now. */
  readonly each: readonly ThreadStats[];
}

/** What one thread does. */
export interface ThreadStats extends EventLoopStats {
  /** As log lines name it. */
  readonly thread: number;
  /** As the counts of {@link ThreadsStats} have it. */
  readonly state: 'starting' | 'idle' | 'busy' | 'retiring';
  /** Invocations that it holds now. */
  readonly inFlight: number;
  /** Invocations that it was given. */
  readonly received: number;
}

/** How busy a thread is: the main thread, or one that runs handlers. */
export interface EventLoopStats {
  /** How long the event loop was not idle, in ms. */
  readonly activeMs: number;
  /** The part of its life that this makes, 0 to 1. */
  readonly utilization: number;
  /** How late the event loop turned, in ms, sampled: 50 times a second on the main thread, 10 times on others. */
  readonly eventLoopDelayMs: Distribution;
  /** CPU time, in ms, to 10 ms. Absent where the system does not tell, which Linux does. */
  readonly cpuMs?: number;
}

/** How durations are distributed: in ms, with three digits. All is 0 when there are none. */
export interface Distribution {
  /** How many there were. */
  readonly count: number;
  /** Their mean, in ms. */
  readonly mean: number;
  /** Their median, in ms. */
  readonly p50: number;
  /** Nine of ten were not longer, in ms. */
  readonly p90: number;
  /** 99 of 100 were not longer, in ms. */
  readonly p99: number;
  /** The longest, in ms. */
  readonly max: number;
}

/** A histogram of durations: from 1 µs to 2.7 hours, three digits of each. */
export class Durations {
  readonly #micros = createHistogram({ lowest: 1, highest: 1e10, figures: 3 });

  record(ms: number): void {
    this.#micros.record(Math.max(1, Math.round(ms * MICROS)));
  }

  /** Forgets all. */
  reset(): void {
    this.#micros.reset();
  }

  distribution(): Distribution {
    return distribution(this.#micros, MICROS);
  }
}

/** @param offset what is part of each value and does not count, in the histogram's unit. */
export function distribution(histogram: Histogram, unitsPerMs: number, offset = 0): Distribution {
  const ms = (units: number) => rounded(Math.max(0, units - offset) / unitsPerMs);
  const { count } = histogram;
  if (count === 0) return NONE;
  return {
    count,
    mean: ms(histogram.mean),
    p50: ms(histogram.percentile(50)),
    p90: ms(histogram.percentile(90)),
    p99: ms(histogram.percentile(99)),
    max: ms(histogram.max),
  };
}

/** Of nothing. */
const NONE: Distribution = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };

/** To microseconds: more digits of a millisecond are noise. */
export function rounded(ms: number): number {
  return Math.round(ms * MICROS) / MICROS;
}

const MICROS = 1000;
