import { Promise } from '../builtins.ts';

/** Counts the invocations that the threads can take, and makes slots wait while all capacity is reserved. */
export class ThreadCapacity {
  #total = 0;
  #taken = 0;
  #closed = false;
  readonly #waiting: Array<(granted: boolean) => void> = [];

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves with true once capacity is reserved, in the order of calls; with false once closed. */
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

  /** Losing a thread may leave more capacity reserved than exists; nothing is granted until enough is released. */
  resize(by: number): void {
    this.#total += by;
    this.#grant();
  }

  close(): void {
    this.#closed = true;
    for (const resolve of this.#waiting.splice(0)) resolve(false);
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
