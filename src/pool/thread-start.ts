import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
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

/**
 * Where a thread is in its life; docs/lifecycle.md draws it.
 *
 * - `starting`: it loads the handler.
 * - `ready`: it takes invocations.
 * - `retiring`: it takes no more; those that it holds may finish.
 * - `ending`: it holds none, and ends itself as soon as no native work of it is in flight.
 * - `ended`: it is given up; what was left is answered.
 */
export type ThreadState = 'starting' | 'ready' | 'retiring' | 'ending' | 'ended';

const NEXT: Readonly<Record<ThreadState, readonly ThreadState[]>> = {
  starting: ['ready', 'ending', 'ended'],
  ready: ['retiring', 'ended'],
  retiring: ['ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

/** Throws unless a thread may go from one state to the other. */
export function assertTransition(from: ThreadState, to: ThreadState): void {
  if (!NEXT[from].includes(to)) throw new Error(`A thread that is ${from} cannot become ${to}.`);
}

/**
 * What V8 is told of a thread's limits, so that the guard comes first: to be called right before each thread starts.
 *
 * V8's flags go before what a thread is given, and end the process where the guard would end the thread. They belong to the
 * process and are read by each isolate as it is made, so they are taken back for the threads; the main thread keeps what
 * it has. What they ask for is in the limits already. Code of a handler may set them again at any time.
 */
export function hardLimits(limits: ResourceLimits): ResourceLimits {
  for (const flag of FLAGS) setFlagsFromString(flag);
  const { maxOldGenerationSizeMb: limitMb } = limits;
  return limitMb === undefined ? limits : { ...limits, maxOldGenerationSizeMb: limitMb * 3 + 1024 };
}

/** The size at which a heap is over its limit whatever part of it is garbage, in MiB. */
export function certainlyOver({
  maxOldGenerationSizeMb = Infinity,
  maxYoungGenerationSizeMb = 0,
}: ResourceLimits): number {
  const moreYoungMiB = (Math.max(0, maxYoungGenerationSizeMb - USUAL_YOUNG_MIB) * 2) / 3;
  return Math.max(maxOldGenerationSizeMb * MAX_GARBAGE, FIRST_COLLECTION_MIB) + YOUNG_MIB + moreYoungMiB;
}

const FLAGS = [
  '--max-old-space-size=0',
  '--max-heap-size=0',
  '--max-semi-space-size=0',
  // V8 starts to collect when a heap has grown by 50 % since the last time; without it that can be 300 %.
  '--heap-growing-percent=50',
];

/** While V8 marks, the heap grows on: measured, to twice its live size. */
const MAX_GARBAGE = 2.2;

/** Before its first collection a heap grows to some 150 MiB, however little of that is live. */
const FIRST_COLLECTION_MIB = 256;

/** What the young generation adds; it fills two of its three parts where it is larger than usual. */
const YOUNG_MIB = 32;
const USUAL_YOUNG_MIB = 192;
