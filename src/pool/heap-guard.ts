import { clearTimeout, Promise, setTimeout, sleep } from '../builtins.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import { certainlyOver } from './thread-start.ts';
import { MemoryPressure, residentMiB } from './memory-pressure.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { PoolThread } from './pool-thread.ts';
import { OUT_OF_MEMORY } from './thread-end.ts';

/** Ends a thread for that reason; resolves when it is gone. */
export type EndThread = (thread: PoolThread, reason: Diagnostic) => Promise<void>;

/**
 * Ends a thread whose heap has outgrown its limit, and the largest one when the process is about to be killed for its size.
 *
 * V8's own limit cannot be left to do that: it ends the thread if the heap grows in small steps, but a step larger than
 * its leeway of 16 MiB (a large array, a Map that grows) aborts the whole process. So V8 gets a limit that is out of
 * reach for a while, and in that while the threads are looked at from outside, which works on one that spins, that waits,
 * and that still starts.
 *
 * What is seen from outside includes garbage. A heap is certainly over its limit when it is larger than garbage can
 * make it before V8 collects; one that may be over it is ended only when the process is about to be killed for its size.
 */
export class HeapGuard {
  readonly #limitMiB: number;
  readonly #certainlyMiB: number;
  readonly #pressure: MemoryPressure;
  readonly #log: Log;
  readonly #threads: () => readonly PoolThread[];
  readonly #end: EndThread;
  #timer: NodeJS.Timeout | undefined;
  /** What each thread held when it last said so. */
  readonly #held = new Map<PoolThread, ThreadMemory>();
  /** Threads that have not answered yet: native code of a handler can keep one from it for seconds. */
  readonly #asked = new Map<PoolThread, Promise<void>>();
  #lastMiB = 0;
  /** The smallest that the process has been since all threads were last looked at. */
  #smallestMiB = 0;
  #lookedMs = 0;
  #relieving = false;
  #warned = false;

  constructor(config: Config, log: Log, threads: () => readonly PoolThread[], end: EndThread) {
    this.#limitMiB = config.resourceLimits.maxOldGenerationSizeMb ?? Infinity;
    this.#certainlyMiB = certainlyOver(config.resourceLimits);
    this.#pressure = new MemoryPressure(config);
    this.#log = log;
    this.#threads = threads;
    this.#end = end;
  }

  start(): void {
    if (this.#limitMiB < Infinity) this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const processMiB = residentMiB();
    const soonMiB = processMiB + 3 * (processMiB - this.#lastMiB);
    this.#lastMiB = processMiB;
    this.#timer = setTimeout(
      () => this.#look(),
      this.#pressure.isOver(soonMiB) ? SHORT_INTERVAL_MS : INTERVAL_MS,
    );
    for (const thread of this.#worthAsking(processMiB)) void this.#ask(thread);
    if (!this.#pressure.isOver(processMiB)) this.#warned = false;
    if (this.#pressure.mustEnd(processMiB) && !this.#relieving) void this.#relieve(processMiB);
  }

  /**
   * To look at a heap interrupts its thread, and the size of the process costs next to nothing to know. While that is
   * below the limit no heap can be over it, and a heap that was far from it can have come near only if the process has grown,
   * or if others have shrunk: hence all of them now and then in any case.
   */
  #worthAsking(processMiB: number): PoolThread[] {
    if (processMiB < this.#limitMiB) return [];
    const threads = this.#threads();
    this.#smallestMiB = Math.min(this.#smallestMiB, processMiB);
    const now = monotonicMs();
    if (processMiB - this.#smallestMiB <= GROWTH_MIB && now - this.#lookedMs < SLOW_INTERVAL_MS)
      return threads.filter((thread) => (this.#held.get(thread)?.heapMiB ?? 0) > this.#certainlyMiB / 2);
    this.#smallestMiB = processMiB;
    this.#lookedMs = now;
    this.#forgetAllBut(threads);
    return [...threads];
  }

  /** A thread that was asked before is not asked again until it has answered. */
  #ask(thread: PoolThread): Promise<void> {
    const asked = this.#asked.get(thread) ?? this.#lookAt(thread);
    this.#asked.set(thread, asked);
    return asked;
  }

  async #lookAt(thread: PoolThread): Promise<void> {
    const memory = await thread.memory();
    this.#asked.delete(thread);
    if (memory === undefined) return;
    this.#held.set(thread, memory);
    if (memory.heapMiB > this.#certainlyMiB) void this.#end(thread, OUT_OF_MEMORY);
  }

  async #relieve(processMiB: number): Promise<void> {
    this.#relieving = true;
    const threads = this.#threads();
    // Slow threads are not waited for.
    await Promise.race([Promise.all(threads.map((thread) => this.#ask(thread))), passed(INTERVAL_MS)]);
    this.#forgetAllBut(threads);
    const thread = this.#pressure.choose(this.#held);
    if (thread === undefined) this.#warn(processMiB);
    else {
      const reason = this.#pressure.describe(processMiB, this.#held.get(thread) ?? NOTHING);
      await Promise.race([this.#end(thread, reason), passed(SLOW_INTERVAL_MS)]);
      this.#pressure.relieved(residentMiB());
    }
    this.#relieving = false;
  }

  #warn(processMiB: number): void {
    if (this.#warned) return;
    this.#warned = true;
    const threads = [...this.#held].map(([{ id }, { heapMiB, externalMiB }]) => ({
      thread: id,
      heapMiB: Math.round(heapMiB),
      externalMiB: Math.round(externalMiB),
    }));
    this.#log.warn(
      { processMiB: Math.round(processMiB), threads },
      "The process is near the function's memory, and no thread's heap or Buffers explain it: look for native memory",
    );
  }

  #forgetAllBut(threads: readonly PoolThread[]): void {
    for (const known of [...this.#held.keys(), ...this.#asked.keys()]) {
      if (threads.includes(known)) continue;
      this.#held.delete(known);
      this.#asked.delete(known);
    }
  }
}

const NOTHING: ThreadMemory = { heapMiB: 0, externalMiB: 0 };

function passed(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}

/** A heap grows by about 100 MiB in that time at worst. */
const INTERVAL_MS = 50;

/** Buffers grow faster. */
const SHORT_INTERVAL_MS = 10;

/** How long a thread goes without being looked at, where nothing has grown. */
const SLOW_INTERVAL_MS = 1_000;

/** A heap last seen at less than half of its limit is at least four times that away from it. */
const GROWTH_MIB = 32;
