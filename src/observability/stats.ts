import { createHistogram } from 'node:perf_hooks';
import type { Histogram } from 'node:perf_hooks';
import type { DeliveryStatus } from '../invocation/invocation.ts';
import type { InvocationOutcome, ThreadEndCause } from './observer.ts';

/** An object with metrics: a `ManagedRuntime`, or a substitute in tests. */
export interface StatsSource {
  /** Returns a snapshot of the metrics. */
  stats(): RuntimeStats;
}

/**
 * A snapshot of a runtime's metrics, as plain JSON. Counts and times start at 0 when the runtime starts, except
 * CPU times, which start with the process or the thread.
 *
 * @example
 * ```ts
 * import { createManagedRuntime } from 'lambda-managed-runtime';
 *
 * const runtime = createManagedRuntime(new URL('./handler.js', import.meta.url));
 * setInterval(() => {
 *   const { inFlight, slots, durationMs } = runtime.stats();
 *   console.log(`${inFlight} in flight, ${slots.polling} slots polling, p99 ${durationMs.p99} ms`);
 * }, 60_000).unref();
 * await runtime.run();
 * ```
 */
export interface RuntimeStats {
  /** `idle` before `run()`, `running` until it settles, then `stopped`. */
  readonly state: 'idle' | 'running' | 'stopped';
  /** The function's name from `AWS_LAMBDA_FUNCTION_NAME`; `function` if that is not set. */
  readonly functionName: string;
  /** The time since `run()` was called, in ms. */
  readonly uptimeMs: number;
  /** The states of the slots. A slot is one unit of concurrency, with its own poller. */
  readonly slots: SlotStats;
  /** The states of the worker threads. */
  readonly threads: ThreadsStats;
  /** The number of invocations that have arrived and not ended. Background work counts. */
  readonly inFlight: number;
  /** The number of invocations that have arrived. */
  readonly received: number;
  /** The number of invocations whose answer was posted or given up, by outcome. */
  readonly answered: Readonly<Record<InvocationOutcome, number>>;
  /** The number of answers that the Runtime API did not accept unchanged, by what became of them. */
  readonly undelivered: Readonly<Record<Exclude<DeliveryStatus, 'delivered'>, number>>;
  /** The number of handlers and background tasks that did not end before the deadline and the grace period. */
  readonly missedDeadlines: number;
  /** Problems with the Runtime API. */
  readonly runtimeApi: {
    /** The number of retried requests for an event (`/next`). */
    readonly pollRetries: number;
    /** The number of retried posts of an answer. */
    readonly answerRetries: number;
    /** The number of unreadable events. The runtime answered them with an error where it knew the request id. */
    readonly malformedEvents: number;
  };
  /** The time from the arrival of an event until the Runtime API accepted the answer, in ms. */
  readonly durationMs: Distribution;
  /** The time from the arrival of an event until the thread started to process it, in ms. */
  readonly dispatchMs: Distribution;
  /**
   * Handlers that ran for 10 ms or longer, to compare their run time with their CPU time: a handler that computes has about
   * the same of both, a handler that waits has little CPU time. Measured if each thread runs one invocation at a time, and if
   * `logInvocations` is not `none` or the channel of invocations has a subscriber.
   */
  readonly longHandlers: {
    /** How long the handlers ran, in ms. */
    readonly handlerMs: Distribution;
    /** The CPU time of their threads meanwhile, in ms. */
    readonly cpuMs: Distribution;
  };
  /** The main thread, which polls and answers. In single mode it also runs the handler. */
  readonly mainThread: EventLoopStats;
  /** CPU time of the whole process, including the threads of Node.js and V8, in ms. */
  readonly processCpuMs: number;
}

/** The states of a runtime's slots. */
export interface SlotStats {
  /** The number of slots, which is the concurrency. */
  readonly total: number;
  /** Slots that wait for a thread: threads are starting or being replaced, or run background work. */
  readonly waiting: number;
  /** Slots with an open `/next` request. */
  readonly polling: number;
  /** Slots with an invocation or its background work. */
  readonly busy: number;
  /** Slots that have stopped polling. */
  readonly stopped: number;
  /** The total time that slots were busy, in ms. */
  readonly busyMs: number;
}

/** The states of a runtime's worker threads. In single mode there are none, so all counts are 0. */
export interface ThreadsStats {
  /** Threads that are loading the handler's module. */
  readonly starting: number;
  /** Threads that are ready and have no invocation. */
  readonly idle: number;
  /** Threads with an invocation or its background work. */
  readonly busy: number;
  /** Threads that accept no more invocations and end when their current ones have ended. */
  readonly retiring: number;
  /** The number of replaced threads, by cause. */
  readonly replaced: Readonly<Record<ThreadEndCause, number>>;
  /** The metrics of each current thread. */
  readonly each: readonly ThreadStats[];
}

/** The metrics of one worker thread. */
export interface ThreadStats extends EventLoopStats {
  /** The thread's number in log lines. */
  readonly thread: number;
  /** The thread's state, as in {@link ThreadsStats}. */
  readonly state: 'starting' | 'idle' | 'busy' | 'retiring';
  /** The number of invocations on the thread now. */
  readonly inFlight: number;
  /** The number of invocations that the thread has received. */
  readonly received: number;
}

/** The event loop metrics of the main thread or a worker thread. */
export interface EventLoopStats {
  /** The time that the event loop was active, in ms. */
  readonly activeMs: number;
  /** The share of the thread's lifetime that its event loop was active, 0 to 1. */
  readonly utilization: number;
  /**
   * The event loop delay in ms, sampled 50 times per second on the main thread and 10 times on worker threads, less often if there
   * are more than 20.
   */
  readonly eventLoopDelayMs: Distribution;
  /** CPU time in ms, with a resolution of 10 ms. Absent except on Linux. */
  readonly cpuMs?: number;
}

/** The distribution of durations, in ms, with three significant digits, or two for the event loops of threads. Without durations, all values are 0. */
export interface Distribution {
  /** The number of durations. */
  readonly count: number;
  /** The mean, in ms. */
  readonly mean: number;
  /** The median, in ms. */
  readonly p50: number;
  /** The 90th percentile, in ms. */
  readonly p90: number;
  /** The 99th percentile, in ms. */
  readonly p99: number;
  /** The maximum, in ms. */
  readonly max: number;
}

/** A histogram of durations from 1 µs to 2.7 hours, with three significant digits. */
export class Durations {
  readonly #micros = createHistogram({ lowest: 1, highest: 1e10, figures: 3 });

  record(ms: number): void {
    this.#micros.record(Math.max(1, Math.round(ms * MICROS)));
  }

  reset(): void {
    this.#micros.reset();
  }

  distribution(): Distribution {
    return distribution(this.#micros, MICROS);
  }
}

/** @param offset a constant to subtract from each value, in the histogram's unit. */
export function distribution(histogram: Histogram, unitsPerMs: number, offset = 0): Distribution {
  const ms = (units: number) => rounded(Math.max(0, units - offset) / unitsPerMs);
  const { count } = histogram;
  if (count === 0) return EMPTY;
  return {
    count,
    mean: ms(histogram.mean),
    p50: ms(histogram.percentile(50)),
    p90: ms(histogram.percentile(90)),
    p99: ms(histogram.percentile(99)),
    max: ms(histogram.max),
  };
}

const EMPTY: Distribution = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };

/** Rounds ms to microseconds. Further digits are noise. */
export function rounded(ms: number): number {
  return Math.round(ms * MICROS) / MICROS;
}

const MICROS = 1000;
