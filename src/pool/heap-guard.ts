import { clearTimeout, Promise, setTimeout, sleep } from '../builtins.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Config } from '../config/config.ts';
import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import { IdleGarbage } from './idle-garbage.ts';
import { MemoryPressure } from './memory-pressure.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { PoolThread } from './pool-thread.ts';
import { residentMiB } from './resident-memory.ts';
import { OUT_OF_MEMORY } from './thread-end.ts';
import type { ThreadSet } from './thread-set.ts';
import { certainHeapLimitMiB, limitHeapGrowth } from './v8-limits.ts';

/**
 * Terminates a thread whose heap exceeds its limit, and the largest thread when the process is close to the function's
 * memory.
 *
 * V8's own limit is not sufficient. V8 terminates the thread if the heap grows in small steps, but a step larger than its
 * tolerance of 16 MiB (a large array, a growing Map) aborts the whole process. The runtime therefore gives V8 a much higher
 * limit and measures the heaps from the main thread, which also works on a thread that spins, waits or is still starting.
 *
 * The measured size includes garbage. A heap certainly exceeds its limit when it is larger than garbage can make it before
 * V8 collects. A heap that only may exceed its limit is terminated when the process is close to the function's memory.
 */
export class HeapGuard {
  readonly #limitMiB: number;
  readonly #certainLimitMiB: number;
  readonly #pressure: MemoryPressure;
  readonly #idleGarbage = new IdleGarbage();
  readonly #log: Log;
  readonly #threads: ThreadSet;
  #timer: NodeJS.Timeout | undefined;
  /** The last measurement of each thread. */
  readonly #measured = new Map<PoolThread, ThreadMemory>();
  /** Measurements in progress: native code in a handler can delay a measurement for seconds. */
  readonly #measuring = new Map<PoolThread, Promise<void>>();
  #lastMiB = 0;
  /** The smallest size of the process since all threads were last measured. */
  #smallestMiB = 0;
  #lastMeasuredMs = 0;
  /** The index of the first thread whose turn it is at the slow interval. */
  #turn = 0;
  #relievingPressure = false;
  /** Terminated threads whose memory is not free yet. */
  #freeing = 0;
  #warned = false;
  #isGrowthLimited = false;

  constructor(config: Config, log: Log, threads: ThreadSet) {
    this.#limitMiB = config.resourceLimits.maxOldGenerationSizeMb ?? Infinity;
    this.#certainLimitMiB = certainHeapLimitMiB(config.resourceLimits);
    this.#pressure = new MemoryPressure(config);
    this.#log = log;
    this.#threads = threads;
  }

  start(): void {
    if (this.#limitMiB < Infinity) this.#check();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    const processMiB = residentMiB();
    const soonMiB = processMiB + 3 * (processMiB - this.#lastMiB);
    this.#lastMiB = processMiB;
    this.#limitGrowth(processMiB);
    this.#timer = setTimeout(
      () => this.#check(),
      this.#pressure.isOver(soonMiB) ? SHORT_INTERVAL_MS : INTERVAL_MS,
    );
    for (const thread of this.#threadsToMeasure(processMiB)) void this.#measure(thread);
    if (this.#pressure.isHigh(processMiB)) this.#idleGarbage.collect(this.#measured, monotonicMs());
    if (!this.#pressure.isOver(processMiB)) this.#warned = false;
    const isRelieving = this.#relievingPressure || this.#freeing > 0;
    if (this.#pressure.mustTerminate(processMiB) && !isRelieving) void this.#relievePressure(processMiB);
  }

  /** As soon as the first threads have started, or earlier if a heap may be so large that its growth matters. */
  #limitGrowth(processMiB: number): void {
    if (this.#isGrowthLimited) return;
    const states = this.#threads.running().map(({ state }) => state);
    const isStarting = states.includes('starting') || !states.includes('ready');
    if (isStarting && processMiB < this.#limitMiB / 2 + START_MIB * states.length) return;
    limitHeapGrowth();
    this.#isGrowthLimited = true;
  }

  /**
   * Measuring a heap interrupts its thread; reading the size of the process is cheap. While the process is smaller than the
   * limit, no heap can exceed it, and while its memory is not short, garbage does no harm. A heap that was far below the limit
   * can have come close only if the process has grown or other heaps have shrunk. Threads are therefore also measured at a slow
   * interval: all of them, or {@link MAX_IN_TURN} in turn.
   */
  #threadsToMeasure(processMiB: number): PoolThread[] {
    if (processMiB < this.#limitMiB && !this.#pressure.isHigh(processMiB)) return [];
    const threads = this.#threads.running();
    this.#smallestMiB = Math.min(this.#smallestMiB, processMiB);
    const now = monotonicMs();
    const hasGrown = processMiB - this.#smallestMiB > GROWTH_MIB;
    const isLarge = (thread: PoolThread) =>
      (this.#measured.get(thread)?.heapMiB ?? 0) > this.#certainLimitMiB / 2;
    if (!hasGrown && now - this.#lastMeasuredMs < SLOW_INTERVAL_MS) return threads.filter(isLarge);
    this.#lastMeasuredMs = now;
    this.#forgetAllBut(threads);
    if (hasGrown || threads.length <= MAX_IN_TURN) {
      this.#smallestMiB = processMiB;
      return [...threads];
    }
    this.#turn = (this.#turn + MAX_IN_TURN) % threads.length;
    const isInTurn = (index: number) => (index - this.#turn + threads.length) % threads.length < MAX_IN_TURN;
    return threads.filter((thread, index) => isInTurn(index) || isLarge(thread));
  }

  /** Joins a measurement that is already in progress. */
  #measure(thread: PoolThread): Promise<void> {
    const measuring = this.#measuring.get(thread) ?? this.#startMeasuring(thread);
    this.#measuring.set(thread, measuring);
    return measuring;
  }

  async #startMeasuring(thread: PoolThread): Promise<void> {
    const memory = await thread.memory();
    this.#measuring.delete(thread);
    if (memory === undefined) return;
    this.#measured.set(thread, memory);
    if (memory.heapMiB > this.#certainLimitMiB) void this.#terminate(thread, OUT_OF_MEMORY, memory);
  }

  async #relievePressure(processMiB: number): Promise<void> {
    this.#relievingPressure = true;
    const threads = this.#threads.running();
    // Slow threads are not waited for.
    await Promise.race([Promise.all(threads.map((thread) => this.#measure(thread))), delay(INTERVAL_MS)]);
    this.#forgetAllBut(threads);
    // The measurements may have terminated a thread whose heap exceeds its limit.
    if (this.#freeing === 0) {
      const thread = this.#pressure.chooseThread(this.#measured);
      const memory = thread && this.#measured.get(thread);
      if (thread === undefined || memory === undefined) this.#warn(processMiB);
      else await this.#terminate(thread, this.#pressure.describe(processMiB, memory), memory);
    }
    this.#relievingPressure = false;
  }

  /** Until the thread's memory is free, no other thread is terminated for memory pressure. */
  async #terminate(thread: PoolThread, diagnostic: Diagnostic, memory: ThreadMemory): Promise<void> {
    this.#freeing += 1;
    thread.terminate({ kind: 'out-of-memory', diagnostic });
    await untilFreed(residentMiB() - (memory.heapMiB + memory.externalMiB) / 2);
    this.#freeing -= 1;
    this.#pressure.relieved(residentMiB());
  }

  #warn(processMiB: number): void {
    if (this.#warned) return;
    this.#warned = true;
    const threads = [...this.#measured].map(([{ id }, { heapMiB, externalMiB }]) => ({
      thread: id,
      heapMiB: Math.round(heapMiB),
      externalMiB: Math.round(externalMiB),
    }));
    this.#log.warn(
      { processMiB: Math.round(processMiB), threads },
      "The process is close to the function's memory, and no thread's heap or Buffers explain it: check native memory",
    );
  }

  #forgetAllBut(threads: readonly PoolThread[]): void {
    for (const known of [...this.#measured.keys(), ...this.#measuring.keys()]) {
      if (threads.includes(known)) continue;
      this.#measured.delete(known);
      this.#measuring.delete(known);
    }
  }
}

/**
 * Resolves when the process is smaller than `mib`, or after a second: native code can delay the exit of a thread, and the
 * allocator can keep the thread's memory. The exit of a thread is not sufficient, because Buffers are freed for some time
 * afterwards.
 */
async function untilFreed(mib: number): Promise<void> {
  const startMs = monotonicMs();
  while (residentMiB() > mib && monotonicMs() - startMs < SLOW_INTERVAL_MS) await delay(SHORT_INTERVAL_MS);
}

function delay(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}

/** The size of a thread that has loaded a small module. */
const START_MIB = 16;

/** In the worst case, a heap grows by about 100 MiB in this time. */
const INTERVAL_MS = 50;

/** Used under memory pressure, because Buffers grow faster than heaps. */
const SHORT_INTERVAL_MS = 10;

/** How often threads are measured while the process does not grow. */
const SLOW_INTERVAL_MS = 1_000;

/** Measuring 256 threads once a second took a tenth of the CPU time of no-ops. */
const MAX_IN_TURN = 32;

/** A heap last measured below half of its limit is at least four times this amount below the limit. */
const GROWTH_MIB = 32;
