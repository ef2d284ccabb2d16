import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Config } from '../config/config.ts';
import type { DeliveryStatus } from '../invocation/invocation.ts';
import { monotonicMs } from '../invocation/time.ts';
import { Durations } from './stats.ts';
import type { InvocationOutcome, ThreadEndCause } from './observer.ts';
import type { RuntimeStats, SlotStats } from './stats.ts';
import { eventLoopStats, threadsStats } from './thread-metrics.ts';
import type { EventLoopDelay, ThreadMetrics } from './thread-metrics.ts';

/** The counters and durations of a runtime. */
export class RuntimeMetrics {
  readonly slots: SlotMetrics;
  readonly duration = new Durations();
  readonly dispatch = new Durations();
  readonly #longHandlers = { handler: new Durations(), cpu: new Durations() };
  readonly replaced: Record<ThreadEndCause, number> = {
    exit: 0,
    uncaughtError: 0,
    deadline: 0,
    outOfMemory: 0,
    recycled: 0,
    startFailed: 0,
  };
  readonly runtimeApi = { pollRetries: 0, answerRetries: 0, malformedEvents: 0 };
  received = 0;
  inFlight = 0;
  missedDeadlines = 0;
  /** Returns the threads of the pool. */
  threads: () => readonly ThreadMetrics[] = () => [];
  readonly #answered: Record<InvocationOutcome, number> = {
    response: 0,
    error: 0,
    deadline: 0,
    crash: 0,
    shutdown: 0,
  };
  readonly #undelivered = { replaced: 0, late: 0, aborted: 0, failed: 0 };
  readonly #functionName: string;
  readonly #eventLoopDelay = monitorEventLoopDelay({ resolution: MAIN_RESOLUTION_MS });
  #state: RuntimeStats['state'] = 'idle';
  #startedMs = 0;
  #uptimeMs = 0;

  constructor({ slots, lambda }: Config) {
    this.slots = new SlotMetrics(slots);
    this.#functionName = lambda.functionName;
  }

  start(): void {
    this.#state = 'running';
    this.#startedMs = monotonicMs();
    this.#eventLoopDelay.enable();
  }

  stop(): void {
    this.#uptimeMs = this.#uptime();
    this.#state = 'stopped';
    this.#eventLoopDelay.disable();
  }

  answered(outcome: InvocationOutcome, delivery: DeliveryStatus, durationMs: number): void {
    this.#answered[outcome] += 1;
    if (delivery !== 'delivered') this.#undelivered[delivery] += 1;
    this.duration.record(durationMs);
  }

  longHandler(handlerMs: number, cpuMs: number): void {
    this.#longHandlers.handler.record(handlerMs);
    this.#longHandlers.cpu.record(cpuMs);
  }

  snapshot(): RuntimeStats {
    const { user, system } = process.cpuUsage();
    const delay: EventLoopDelay = { histogram: this.#eventLoopDelay, offsetMs: MAIN_RESOLUTION_MS };
    return {
      state: this.#state,
      functionName: this.#functionName,
      uptimeMs: Math.round(this.#uptime()),
      slots: this.slots.snapshot(),
      threads: threadsStats(this.threads(), this.replaced),
      inFlight: this.inFlight,
      received: this.received,
      answered: { ...this.#answered },
      undelivered: { ...this.#undelivered },
      missedDeadlines: this.missedDeadlines,
      runtimeApi: { ...this.runtimeApi },
      durationMs: this.duration.distribution(),
      dispatchMs: this.dispatch.distribution(),
      longHandlers: {
        handlerMs: this.#longHandlers.handler.distribution(),
        cpuMs: this.#longHandlers.cpu.distribution(),
      },
      mainThread: eventLoopStats(performance.eventLoopUtilization(), delay, process.pid),
      processCpuMs: Math.round((user + system) / 1000),
    };
  }

  #uptime(): number {
    return this.#state === 'running' ? monotonicMs() - this.#startedMs : this.#uptimeMs;
  }
}

const MAIN_RESOLUTION_MS = 20;

type SlotState = 'waiting' | 'polling' | 'busy' | 'stopped';

/** The states of the slots, and how long they were busy. */
class SlotMetrics {
  readonly #states: SlotState[];
  readonly #since: number[];
  #busyMs = 0;

  constructor(count: number) {
    this.#states = Array.from({ length: count }, () => 'waiting');
    this.#since = Array.from({ length: count }, () => 0);
  }

  setState(slot: number, state: SlotState): void {
    if (state === 'busy') this.#since[slot] = monotonicMs();
    else if (this.#states[slot] === 'busy') this.#busyMs += this.#busyMsSince(slot);
    this.#states[slot] = state;
  }

  snapshot(): SlotStats {
    const stats = { total: this.#states.length, waiting: 0, polling: 0, busy: 0, stopped: 0 };
    let busyMs = this.#busyMs;
    for (const [slot, state] of this.#states.entries()) {
      stats[state] += 1;
      if (state === 'busy') busyMs += this.#busyMsSince(slot);
    }
    return { ...stats, busyMs: Math.round(busyMs) };
  }

  #busyMsSince(slot: number): number {
    return monotonicMs() - (this.#since[slot] ?? 0);
  }
}
