import type { EventLoopUtilization, Histogram } from 'node:perf_hooks';
import { distribution, rounded } from './durations.ts';
import type { ThreadEndCause } from './observer.ts';
import type { EventLoopStats, ThreadStats, ThreadsStats } from './stats.ts';
import { threadCpuMs } from './thread-cpu.ts';

/** What the pool knows of a thread. */
export interface ThreadFigures {
  readonly id: number;
  readonly state: ThreadStats['state'];
  readonly inFlight: number;
  readonly received: number;
  readonly eventLoop: EventLoopUtilization | undefined;
  readonly eventLoopDelay: EventLoopDelay;
  /** The operating system's number of it; undefined until it is ready, and where there is none to be had. */
  readonly osThread: number | undefined;
}

/** How late an event loop turns, sampled. */
export interface EventLoopDelay {
  /** In ns. */
  readonly histogram: Histogram;
  /** What each value contains besides the delay. */
  readonly offsetMs: number;
}

export function threadsStats(
  threads: readonly ThreadFigures[],
  replaced: Record<ThreadEndCause, number>,
): ThreadsStats {
  const states = { starting: 0, idle: 0, busy: 0, retiring: 0 };
  for (const { state } of threads) states[state] += 1;
  return { ...states, replaced: { ...replaced }, each: threads.map(threadStats) };
}

function threadStats(figures: ThreadFigures): ThreadStats {
  const { id, state, inFlight, received, eventLoop, eventLoopDelay, osThread } = figures;
  return {
    thread: id,
    state,
    inFlight,
    received,
    ...eventLoopStats(eventLoop, eventLoopDelay, osThread),
  };
}

export function eventLoopStats(
  eventLoop: EventLoopUtilization | undefined,
  delay: EventLoopDelay,
  osThread: number | undefined,
): EventLoopStats {
  const cpuMs = threadCpuMs(osThread);
  return {
    activeMs: Math.round(eventLoop?.active ?? 0),
    utilization: rounded(eventLoop?.utilization ?? 0),
    eventLoopDelayMs: distribution(delay.histogram, NS, delay.offsetMs * NS),
    ...(cpuMs !== undefined && { cpuMs }),
  };
}

const NS = 1e6;
