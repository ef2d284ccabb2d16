import { nextTurn, Promise } from '../src/builtins.ts';

/** The promises of one invocation that may go on after its answer. None of them rejects unheard. */
export class BackgroundWork {
  readonly #onRejected: (thrown: unknown) => void;
  readonly #pending = new Set<Promise<void>>();

  constructor(onRejected: (thrown: unknown) => void) {
    this.#onRejected = onRejected;
  }

  add(promise: PromiseLike<unknown>): void {
    const work = this.#attend(promise);
    this.#pending.add(work);
    void work.then(() => this.#pending.delete(work));
  }

  /** Resolves when all have settled, those included that are added meanwhile. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await Promise.all(this.#pending);
      // What waits for the same promise as we may add another one.
      await nextTurn();
    }
  }

  async #attend(promise: PromiseLike<unknown>): Promise<void> {
    try {
      await promise;
    } catch (error) {
      this.#onRejected(error);
    }
  }
}
