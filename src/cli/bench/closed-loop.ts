import { Tally } from './tally.ts';
import type { Failure } from './tally.ts';

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
