import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import type { ThreadObserver } from '../observability/observer.ts';
import { ENTRIES } from '../package-files.ts';
import type { InvokerSettings, LogSettings, SharedState, ThreadSettings } from '../thread-settings.ts';

/** What it takes to start a thread. */
export interface ThreadStart {
  readonly id: number;
  readonly observer: ThreadObserver;
  /** The file that piscina starts. */
  readonly entry: string;
  readonly settings: Omit<ThreadSettings, 'port'>;
  readonly resourceLimits: ResourceLimits;
  readonly initTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
}

export function threadStart(
  id: number,
  observer: ThreadObserver,
  config: Config,
  log: LogSettings,
  shared: SharedState,
  eventLoopDelay: RecordableHistogram,
): ThreadStart {
  const { resourceLimits, initTimeoutMs, shutdownTimeoutMs } = config;
  return {
    id,
    observer,
    entry: fileURLToPath(config.development === undefined ? ENTRIES.thread : ENTRIES.watchedThread),
    settings: { ...invokerSettings(config, { ...log, writer: id }), shared, eventLoopDelay },
    resourceLimits,
    initTimeoutMs,
    shutdownTimeoutMs,
  };
}

/**
 * The histograms in which threads record how late their event loops turn.
 *
 * The histogram of an ended thread goes to the next one. A histogram is native memory that V8 does not count: one for
 * each thread is freed only when the main thread collects garbage for another reason, hundreds of threads later.
 */
export class DelayHistograms {
  readonly #unused: RecordableHistogram[] = [];

  take(): RecordableHistogram {
    const histogram = this.#unused.pop() ?? createHistogram(DELAYS);
    histogram.reset();
    return histogram;
  }

  giveBack(histogram: RecordableHistogram): void {
    this.#unused.push(histogram);
  }
}

/** From 1 µs to 2.7 hours in ns, two digits of each: 28 KiB, where Node's own for event loops has 440. */
const DELAYS = { lowest: 1e3, highest: 1e13, metrics: 2 } as const;

/** What of the configuration the thread needs that runs the handler. */
export function invokerSettings(config: Config, log: LogSettings): InvokerSettings {
  const { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb } = config;
  const ownsThread = config.concurrency === 1 || config.invocationsPerThread === 1;
  return { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb, ownsThread, log };
}
