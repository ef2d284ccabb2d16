/**
 * One writer at a time on an output that many threads write to. Lives in shared memory: a thread can be killed at any
 * moment, also while it holds the lock, so everything that the others need to go on is in there.
 */
export class OutputLock {
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #owner: number;

  /** @param owner names the writer; no other may ever have the same number, and none has 0. */
  constructor(shared: SharedArrayBuffer, owner: number) {
    this.#state = new Int32Array(shared);
    this.#owner = owner;
  }

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Gives the lock back on behalf of a thread that is dead. */
  static releaseFor(shared: SharedArrayBuffer, owner: number): void {
    const state = new Int32Array(shared);
    if (Atomics.compareExchange(state, OWNER, owner, FREE) === owner) Atomics.notify(state, OWNER);
  }

  /** Takes the lock if it is free. */
  tryAcquire(): boolean {
    const owner = Atomics.compareExchange(this.#state, OWNER, FREE, this.#owner);
    // Its own: an error of the engine, such as a stack overflow, has kept it from being given back.
    const acquired = owner === FREE || owner === this.#owner;
    if (acquired) this.#moved();
    return acquired;
  }

  /**
   * Waits for the lock. It is taken from whoever holds it for `hungAfterMs` without any progress: nobody else would give
   * it back.
   */
  acquire(hungAfterMs: number): void {
    let seen = Atomics.load(this.#state, PROGRESS);
    let since = Date.now();
    while (!this.tryAcquire()) {
      const owner = Atomics.load(this.#state, OWNER);
      if (owner === FREE) continue;
      Atomics.wait(this.#state, OWNER, owner, LONGEST_WAIT_MS);
      const progress = Atomics.load(this.#state, PROGRESS);
      if (progress !== seen) {
        seen = progress;
        since = Date.now();
      } else if (Date.now() - since > hungAfterMs) {
        OutputLock.releaseFor(this.#state.buffer, owner);
      }
    }
  }

  release(): void {
    Atomics.store(this.#state, OWNER, FREE);
    Atomics.notify(this.#state, OWNER, 1);
  }

  /** Something was written. */
  progressed(): void {
    this.stuck = false;
    this.#moved();
  }

  /** Bytes that are missing of an entry of which a part has been written; 0 for none. */
  get missing(): number {
    return Atomics.load(this.#state, MISSING);
  }

  set missing(bytes: number) {
    Atomics.store(this.#state, MISSING, bytes);
  }

  /** Nobody reads: a writer has waited in vain, and the next one need not. */
  get stuck(): boolean {
    return Atomics.load(this.#state, STUCK) === 1;
  }

  set stuck(stuck: boolean) {
    Atomics.store(this.#state, STUCK, stuck ? 1 : 0);
  }

  /** Tells those who wait that things go on. */
  #moved(): void {
    Atomics.add(this.#state, PROGRESS, 1);
  }
}

const FREE = 0;
const LONGEST_WAIT_MS = 50;

/** Fields of the shared memory. */
const OWNER = 0;
const PROGRESS = 1;
const MISSING = 2;
const STUCK = 3;
const FIELDS = 4;
