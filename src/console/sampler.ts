import { Durations } from '../observability/stats.ts';
import type { RuntimeStats, StatsSource } from '../observability/stats.ts';
import type { StatsSample } from './messages.ts';

/** Samples the metrics once per second while a page is open. */
export class Sampler {
  #source: StatsSource | undefined;
  readonly #durations = new Durations();
  readonly #kept: StatsSample[] = [];
  #fresh: StatsSample[] = [];
  #before: Reading | undefined;
  #timer: NodeJS.Timeout | undefined;

  setStatsSource(source: StatsSource): void {
    this.#source = source;
    this.#before = undefined;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#kept.length = 0;
    this.#before = this.#read();
    this.#durations.reset();
    this.#timer = setInterval(() => this.#sample(), 1000).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  answered(durationMs: number): void {
    if (this.#timer !== undefined) this.#durations.record(durationMs);
  }

  all(): readonly StatsSample[] {
    return this.#kept;
  }

  /** Returns the samples added since the previous call. */
  takeNew(): readonly StatsSample[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  #sample(): void {
    const reading = this.#read();
    const before = this.#before;
    this.#before = reading;
    if (reading !== undefined && before !== undefined) this.#keep(sampleOf(before, reading, this.#durations));
    // Resets in every interval, so that the next sample never covers two seconds.
    this.#durations.reset();
  }

  #keep(sample: StatsSample): void {
    this.#kept.push(sample);
    this.#fresh.push(sample);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    if (this.#fresh.length > MAX_KEPT) this.#fresh.shift();
  }

  #read(): Reading | undefined {
    const stats = this.#source?.stats();
    return stats === undefined ? undefined : { at: now(), stats };
  }
}

const MAX_KEPT = 300;

interface Reading {
  readonly at: number;
  readonly stats: RuntimeStats;
}

function sampleOf(before: Reading, reading: Reading, durations: Durations): StatsSample {
  const { at, stats } = reading;
  const passedMs = at - before.at;
  const part = (activeMs: number, beforeMs: number) =>
    Math.min(1, Math.max(0, (activeMs - beforeMs) / passedMs));
  const activeBefore = new Map(before.stats.threads.each.map(({ thread, activeMs }) => [thread, activeMs]));
  const { count, p50, p99 } = durations.distribution();
  return {
    at,
    perSecond: (count * 1000) / passedMs,
    ...(count > 0 && { p50, p99 }),
    mainThread: part(stats.mainThread.activeMs, before.stats.mainThread.activeMs),
    threads: Object.fromEntries(
      stats.threads.each
        // A retiring thread already has a replacement.
        .filter(({ state }) => state !== 'retiring')
        .map(({ thread, activeMs }) => [thread, part(activeMs, activeBefore.get(thread) ?? 0)]),
    ),
    inFlight: stats.inFlight,
  };
}

/** Fractional epoch ms, so that bars shorter than a millisecond have a length. */
export const now = steadyClock();

/**
 * A monotonic clock. The process's monotonic clock stops while the computer sleeps; when this clock lags behind the time
 * of day, it is set to it.
 */
export function steadyClock(): () => number {
  let originMs = performance.timeOrigin;
  return () => {
    const lateMs = Date.now() - originMs - performance.now();
    if (lateMs > MAX_LATE_MS) originMs += lateMs;
    return Math.round((originMs + performance.now()) * 1000) / 1000;
  };
}

const MAX_LATE_MS = 1000;
