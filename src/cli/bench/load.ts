import { setTimeout } from 'node:timers/promises';
import { Tally } from './measurement.ts';
import type { Failure } from './measurement.ts';

/** Sends the next event; resolves with how it ended. */
export type Invoke = () => Promise<Failure>;

/** So many callers, each of whom calls again as soon as it is answered. */
export class ClosedLoop {
  readonly #invoke: Invoke;
  readonly #callers: Promise<unknown>;
  #tally = new Tally();
  #running = true;

  constructor(invoke: Invoke, callers: number) {
    this.#invoke = invoke;
    this.#callers = Promise.all(Array.from({ length: callers }, () => this.#call()));
  }

  /** Answers are counted there from now on. */
  nextTally(): Tally {
    this.#tally = new Tally();
    return this.#tally;
  }

  /** Resolves when the last one is answered. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#callers;
  }

  async #call(): Promise<void> {
    while (this.#running) {
      const startMs = performance.now();
      const failure = await this.#invoke();
      this.#tally.add(performance.now() - startMs, failure);
    }
  }
}

/**
 * Lets a loop run until the throughput of three successive windows agrees within a tenth, so that code is compiled and
 * caches are filled; resolves with false when that does not happen in time.
 *
 * @param pause resolves after so many ms, and looks at what has been answered.
 */
export async function warmUp(
  loop: ClosedLoop,
  callers: number,
  seconds: number,
  pause: (ms: number, tally: Tally) => Promise<void>,
): Promise<boolean> {
  const windows: number[] = [];
  const endMs = performance.now() + seconds * MAX_LONGER * 1000;
  const windowMs = (seconds * 1000) / WINDOWS_PER_MEASUREMENT;
  while (performance.now() < endMs) {
    const tally = loop.nextTally();
    const windowEndMs = performance.now() + windowMs;
    do await pause(Math.min(STEP_MS, windowMs), tally);
    while (performance.now() < windowEndMs || (tally.count < callers * 2 && performance.now() < endMs));
    windows.push(tally.throughput(callers).perSecond);
    if (agree(windows.slice(-COMPARED))) return true;
  }
  return false;
}

function agree(windows: readonly number[]): boolean {
  return windows.length === COMPARED && Math.min(...windows) >= Math.max(...windows) * (1 - WITHIN);
}

const COMPARED = 3;
const WITHIN = 0.1;
const WINDOWS_PER_MEASUREMENT = 6;
const MAX_LONGER = 4;
const STEP_MS = 50;

/**
 * Sends events at random times, so many a second, whether or not those before have been answered. Latencies count from
 * the instant when an event was due. Resolves when the last one is answered.
 */
export async function atRate(perSecond: number, seconds: number, invoke: Invoke): Promise<Tally> {
  const random = seededRandom(SEED);
  const tally = new Tally();
  const answered: Promise<void>[] = [];
  const startMs = performance.now();
  for (let dueMs = startMs; ;) {
    dueMs += (-Math.log(1 - random()) / perSecond) * 1000;
    // At least one: there is nothing to tell of none.
    if (dueMs > startMs + seconds * 1000 && answered.length > 0) break;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    answered.push(invoke().then((failure) => tally.add(performance.now() - dueMs, failure)));
  }
  await Promise.all(answered);
  return tally;
}

/** The same arrivals for each setup. */
const SEED = 4_711;

/** Numbers from 0 to 1 (exclusive), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
