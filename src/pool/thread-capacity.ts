import { Promise } from '../builtins.ts';

/** Counts the invocations that the threads can take, and makes slots wait while there are none. */
export class ThreadCapacity {
  #total = 0;
  #taken = 0;
  #closed = false;
  readonly #waiting: Array<(granted: boolean) => void> = [];

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with true when one more can be taken, first come first served; with false once closed. */
  reserve(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    if (this.#taken < this.#total) {
      this.#taken += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    this.#taken -= 1;
    this.#grant();
  }

  /** A lost thread may leave more taken than there is; then nothing is granted until that is made up. */
  resize(by: number): void {
    this.#total += by;
    this.#grant();
  }

  close(): void {
    this.#closed = true;
    for (const refuse of this.#waiting.splice(0)) refuse(false);
  }

  #grant(): void {
    while (this.#taken < this.#total) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken += 1;
      next(true);
    }
  }
}
