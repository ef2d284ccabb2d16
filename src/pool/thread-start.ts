import { createHistogram } from 'node:perf_hooks';
import type { CreateHistogramOptions, RecordableHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import type { Config } from '../config/config.ts';
import type { ThreadObserver } from '../observability/observer.ts';
import { ENTRY_FILES } from '../package-files.ts';
import type { InvokerSettings, LogSettings, SharedState, ThreadSettings } from '../thread-settings.ts';

/** Everything needed to start a thread. */
export interface ThreadStart {
  readonly id: number;
  readonly observer: ThreadObserver;
  /** Path of the module that piscina loads in the thread. */
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
    entry: fileURLToPath(config.devHooks === undefined ? ENTRY_FILES.thread : ENTRY_FILES.devThread),
    settings: {
      ...invokerSettings(config, { ...log, writerId: id }),
      shared,
      eventLoopDelay,
      delayIntervalMs: delayIntervalMs(config.threads),
    },
    resourceLimits,
    initTimeoutMs,
    shutdownTimeoutMs,
  };
}

/** Each sample wakes a thread, and takes about 50 µs of CPU time if hundreds of threads share a core. */
function delayIntervalMs(threads: number): number {
  return Math.min(Math.max(100, threads * 5), 1_000);
}

/**
 * A pool of the histograms in which threads record the delay of their event loops.
 *
 * Histograms are reused because they are native memory that V8 does not account for. Without reuse, they would be freed only
 * when the main thread collects garbage for another reason, hundreds of threads later.
 */
export class DelayHistograms {
  readonly #unused: RecordableHistogram[] = [];

  take(): RecordableHistogram {
    const histogram = this.#unused.pop() ?? createHistogram(DELAYS);
    histogram.reset();
    return histogram;
  }

  return(histogram: RecordableHistogram): void {
    this.#unused.push(histogram);
  }
}

/** 1 µs to 2.7 hours in ns with two significant digits: 28 KiB instead of the 440 KiB of Node's `monitorEventLoopDelay`. */
const DELAYS = { lowest: 1e3, highest: 1e13, figures: 2 } satisfies CreateHistogramOptions;

/** The part of the configuration that the thread that runs the handler needs. */
export function invokerSettings(config: Config, log: LogSettings): InvokerSettings {
  const { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb } = config;
  const ownsThread = config.concurrency === 1 || config.invocationsPerThread === 1;
  const measuresCpu = config.logInvocations !== 'none';
  return { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb, ownsThread, measuresCpu, log };
}
