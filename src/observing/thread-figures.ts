import type { EventLoopUtilization } from 'node:perf_hooks';
import type { EventLoopDelay, ThreadVitals } from '../protocol.ts';
import { distribution, NONE, rounded } from './durations.ts';
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
  /** Undefined until it is ready. */
  readonly vitals: ThreadVitals | undefined;
}

export function threadsStats(
  threads: readonly ThreadFigures[],
  replaced: Record<ThreadEndCause, number>,
): ThreadsStats {
  const states = { starting: 0, idle: 0, busy: 0, retiring: 0 };
  for (const { state } of threads) states[state] += 1;
  return { ...states, replaced: { ...replaced }, each: threads.map(threadStats) };
}

function threadStats({ id, state, inFlight, received, eventLoop, vitals }: ThreadFigures): ThreadStats {
  return {
    thread: id,
    state,
    inFlight,
    received,
    ...eventLoopStats(eventLoop, vitals?.eventLoopDelay, vitals?.osThread),
  };
}

export function eventLoopStats(
  eventLoop: EventLoopUtilization | undefined,
  delay: EventLoopDelay | undefined,
  osThread: number | undefined,
): EventLoopStats {
  const cpuMs = threadCpuMs(osThread);
  return {
    activeMs: Math.round(eventLoop?.active ?? 0),
    utilization: rounded(eventLoop?.utilization ?? 0),
    eventLoopDelayMs: delay === undefined ? NONE : distribution(delay.histogram, NS, delay.resolutionMs * NS),
    ...(cpuMs !== undefined && { cpuMs }),
  };
}

const NS = 1e6;
