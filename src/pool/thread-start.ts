import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
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
    settings: { ...invokerSettings(config, { ...log, writerId: id }), shared, eventLoopDelay },
    resourceLimits,
    initTimeoutMs,
    shutdownTimeoutMs,
  };
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
const DELAYS = { lowest: 1e3, highest: 1e13, metrics: 2 } as const;

/** The part of the configuration that the thread that runs the handler needs. */
export function invokerSettings(config: Config, log: LogSettings): InvokerSettings {
  const { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb } = config;
  const ownsThread = config.concurrency === 1 || config.invocationsPerThread === 1;
  return { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb, ownsThread, log };
}

/**
 * The state of a thread; docs/lifecycle.md has the state diagram.
 *
 * - `starting`: the thread loads the handler.
 * - `ready`: the thread takes invocations.
 * - `retiring`: the thread takes no more invocations; those that it holds may finish.
 * - `ending`: the thread ends itself as soon as none of its native work is in flight. It holds no invocation: if it still
 *   held some, because the runtime did not wait for them, the pool has failed them on entry.
 * - `ended`: the thread is no longer used; the pool fails the invocations that it still held.
 */
export type ThreadState = 'starting' | 'ready' | 'retiring' | 'ending' | 'ended';

const NEXT: Readonly<Record<ThreadState, readonly ThreadState[]>> = {
  starting: ['ready', 'ending', 'ended'],
  ready: ['retiring', 'ended'],
  retiring: ['ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

/** Throws if the transition is illegal. */
export function assertTransition(from: ThreadState, to: ThreadState): void {
  if (!NEXT[from].includes(to)) throw new Error(`A thread that is ${from} cannot become ${to}.`);
}

/**
 * The limits that V8 receives for a thread, high enough that the heap guard acts first. Must be called right before each
 * thread starts.
 *
 * V8's heap flags take precedence over `resourceLimits` and would abort the process where the heap guard terminates one
 * thread. The flags belong to the process, and each isolate reads them when it is created, so they are reset here for the
 * threads; the main thread keeps its limits. `resourceLimits` already includes the values of the flags. The reset is repeated
 * for each thread because a handler may set the flags again.
 */
export function hardLimits(limits: ResourceLimits): ResourceLimits {
  for (const flag of FLAGS) setFlagsFromString(flag);
  const { maxOldGenerationSizeMb: limitMb } = limits;
  return limitMb === undefined ? limits : { ...limits, maxOldGenerationSizeMb: limitMb * 3 + 1024 };
}

/** The size in MiB above which a heap exceeds its limit regardless of how much of it is garbage. */
export function certainHeapLimitMiB({
  maxOldGenerationSizeMb = Infinity,
  maxYoungGenerationSizeMb = 0,
}: ResourceLimits): number {
  const extraYoungMiB = (Math.max(0, maxYoungGenerationSizeMb - USUAL_YOUNG_MIB) * 2) / 3;
  return Math.max(maxOldGenerationSizeMb * MAX_GARBAGE, FIRST_COLLECTION_MIB) + YOUNG_MIB + extraYoungMiB;
}

const FLAGS = [
  '--max-old-space-size=0',
  '--max-heap-size=0',
  '--max-semi-space-size=0',
  // V8 collects when a heap has grown by 50 % since the last collection; without the flag, growth can reach 300 %.
  '--heap-growing-percent=50',
];

/** The heap keeps growing while V8 marks; measurements show up to twice its live size. */
const MAX_GARBAGE = 2.2;

/** Before its first collection a heap grows to about 150 MiB, however little of it is live. */
const FIRST_COLLECTION_MIB = 256;

/** The young generation's share. A larger young generation than usual fills two of its three parts. */
const YOUNG_MIB = 32;
const USUAL_YOUNG_MIB = 192;
