import type { Delivery } from '../invocation/outcome.ts';
import type { InvocationOutcome } from './invocation-report.ts';
import type { ThreadEndCause } from './observer.ts';

/** What gives figures: a runtime. */
export interface StatsSource {
  stats(): RuntimeStats;
}

/** Figures of a runtime at one instant: plain JSON. Counts and times run from the start of the runtime. */
export interface RuntimeStats {
  readonly state: 'idle' | 'running' | 'stopped';
  /** As Lambda says it; `function` elsewhere. */
  readonly functionName: string;
  /** Since `run()` was called. */
  readonly uptimeMs: number;
  readonly slots: SlotStats;
  readonly threads: ThreadsStats;
  /** Invocations that have arrived and have not ended; background work included. */
  readonly inFlight: number;
  /** Invocations that have arrived. */
  readonly received: number;
  /** Invocations whose answer has been posted, or given up. */
  readonly answered: Readonly<Record<InvocationOutcome, number>>;
  /** Those among them whose answer was not taken as it was. */
  readonly undelivered: Readonly<Record<Exclude<Delivery, 'delivered'>, number>>;
  /** Handlers and background work that outlived the deadline and the grace. */
  readonly missedDeadlines: number;
  readonly runtimeApi: {
    readonly pollRetries: number;
    readonly answerRetries: number;
    /** Events that could not be read, and were answered with an error where that was possible. */
    readonly malformedEvents: number;
  };
  /** From the arrival of an event until its answer was taken. */
  readonly durationMs: Distribution;
  /** From the arrival of an event until its thread took it up. */
  readonly dispatchMs: Distribution;
  /** The thread that answers all invocations; in single mode it runs the handler too. */
  readonly mainThread: EventLoopStats;
  /** All threads of the process, those of Node and V8 included. */
  readonly processCpuMs: number;
}

export interface SlotStats {
  readonly total: number;
  /** Without room for an invocation: threads are starting or lost, or still busy with what has been answered. */
  readonly waiting: number;
  /** With a poll open. */
  readonly polling: number;
  /** With an invocation, or its background work. */
  readonly busy: number;
  /** That poll no more. */
  readonly stopped: number;
  /** How long slots were busy, all together. */
  readonly busyMs: number;
}

/** All is 0 and empty in single mode, which has no threads. */
export interface ThreadsStats {
  readonly starting: number;
  readonly idle: number;
  readonly busy: number;
  /** That take no more invocations and end when those that they hold have ended. */
  readonly retiring: number;
  readonly replaced: Readonly<Record<ThreadEndCause, number>>;
  readonly each: readonly ThreadStats[];
}

export interface ThreadStats extends EventLoopStats {
  /** As log lines name it. */
  readonly thread: number;
  readonly state: 'starting' | 'idle' | 'busy' | 'retiring';
  readonly inFlight: number;
  /** Invocations that it was given. */
  readonly received: number;
}

export interface EventLoopStats {
  /** How long the event loop was not idle. */
  readonly activeMs: number;
  /** The part of its life that this makes, 0 to 1. */
  readonly utilization: number;
  /** How late the event loop turned, sampled: 50 times a second on the main thread, 10 times on others. */
  readonly eventLoopDelayMs: Distribution;
  /** CPU time, to 10 ms; undefined where the system does not tell, which Linux does. */
  readonly cpuMs?: number;
}

/** Of durations in ms, with three digits. All is 0 when there are none. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}
