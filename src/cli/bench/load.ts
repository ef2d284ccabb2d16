import { setTimeout } from 'node:timers/promises';
import { Tally } from './tally.ts';
import type { Failure } from './tally.ts';

/** Sends the next event. Resolves with its failure, or with undefined on success. */
export type Invoke = () => Promise<Failure>;

/** A closed-loop load: each caller sends its next event as soon as the previous one is answered. */
export class ClosedLoop {
  readonly #invoke: Invoke;
  readonly #callers: Promise<unknown>;
  #tally = new Tally();
  #running = true;

  constructor(invoke: Invoke, callers: number) {
    this.#invoke = invoke;
    this.#callers = Promise.all(Array.from({ length: callers }, () => this.#call()));
  }

  /** Starts a new tally, which counts all answers from now on. */
  nextTally(): Tally {
    this.#tally = new Tally();
    return this.#tally;
  }

  /** Stops the callers. Resolves when the last open invocation is answered. */
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
 * Waits until the throughput of three successive windows agrees within a tenth, so that the code is compiled and
 * caches are warm. Resolves with false when the throughput does not become steady in time.
 *
 * @param pause resolves after the given ms. It may check the tally and reject.
 */
export async function warmUp(
  loop: ClosedLoop,
  callers: number,
  seconds: number,
  pause: (ms: number, tally: Tally) => Promise<void>,
): Promise<boolean> {
  const windows: number[] = [];
  const endMs = performance.now() + seconds * MAX_WARM_UP_FACTOR * 1000;
  const windowMs = (seconds * 1000) / WINDOWS_PER_MEASUREMENT;
  while (performance.now() < endMs) {
    const tally = loop.nextTally();
    const windowEndMs = performance.now() + windowMs;
    do await pause(Math.min(STEP_MS, windowMs), tally);
    while (performance.now() < windowEndMs || (tally.count < callers * 2 && performance.now() < endMs));
    windows.push(tally.throughput(callers).perSecond);
    if (agree(windows.slice(-COMPARED_WINDOWS))) return true;
  }
  return false;
}

function agree(windows: readonly number[]): boolean {
  return (
    windows.length === COMPARED_WINDOWS && Math.min(...windows) >= Math.max(...windows) * (1 - MAX_SPREAD)
  );
}

const COMPARED_WINDOWS = 3;
const MAX_SPREAD = 0.1;
const WINDOWS_PER_MEASUREMENT = 6;
const MAX_WARM_UP_FACTOR = 4;
const STEP_MS = 50;

/**
 * Sends events at random times at a given mean rate (an open loop), whether or not earlier events have been answered.
 * Latency counts from the instant at which an event was due. Resolves when the last event is answered.
 */
export async function atRate(perSecond: number, seconds: number, invoke: Invoke): Promise<Tally> {
  const random = seededRandom(SEED);
  const tally = new Tally();
  const answered: Promise<void>[] = [];
  const startMs = performance.now();
  for (let dueMs = startMs; ;) {
    dueMs += (-Math.log(1 - random()) / perSecond) * 1000;
    // At least one event is sent, because a tally without answers has no latency.
    if (dueMs > startMs + seconds * 1000 && answered.length > 0) break;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await setTimeout(waitMs);
    answered.push(invoke().then((failure) => tally.add(performance.now() - dueMs, failure)));
  }
  await Promise.all(answered);
  return tally;
}

/** A fixed seed gives every setup the same arrival times. */
const SEED = 4_711;

/** Returns a generator of numbers from 0 to 1 (exclusive) that is deterministic for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
