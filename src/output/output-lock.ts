import { fstatSync } from 'node:fs';
import { monotonicMs } from '../invocation/time.ts';
import type { OutputLocks } from '../thread-settings.ts';

/**
 * A lock for an output that several threads share. All state is in shared memory, because a thread can be terminated while
 * it holds the lock.
 */
export class OutputLock {
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #owner: number;

  /** @param owner unique id of the writer, not 0. */
  constructor(shared: SharedArrayBuffer, owner: number) {
    this.#state = new Int32Array(shared);
    this.#owner = owner;
  }

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Releases the lock for a writer that has ended or hangs. Does nothing if that writer does not hold it. */
  static releaseFor(shared: SharedArrayBuffer, owner: number): void {
    const state = new Int32Array(shared);
    if (Atomics.compareExchange(state, OWNER, owner, FREE) === owner) Atomics.notify(state, OWNER);
  }

  /** Takes the lock if it is free. */
  tryAcquire(): boolean {
    const owner = Atomics.compareExchange(this.#state, OWNER, FREE, this.#owner);
    // If this writer already holds the lock, an engine error such as a stack overflow has prevented its release.
    const acquired = owner === FREE || owner === this.#owner;
    if (acquired) this.#recordProgress();
    return acquired;
  }

  /**
   * Waits for the lock. Takes it over from a writer that has made no progress for `hungAfterMs`, because nothing else would
   * release it.
   */
  acquire(hungAfterMs: number): void {
    if (this.tryAcquire()) return;
    let seen = Atomics.load(this.#state, PROGRESS);
    let since = monotonicMs();
    while (!this.tryAcquire()) {
      const owner = Atomics.load(this.#state, OWNER);
      if (owner === FREE) continue;
      Atomics.wait(this.#state, OWNER, owner, MAX_WAIT_MS);
      const progress = Atomics.load(this.#state, PROGRESS);
      if (progress !== seen) {
        seen = progress;
        since = monotonicMs();
      } else if (monotonicMs() - since > hungAfterMs) {
        OutputLock.releaseFor(this.#state.buffer, owner);
      }
    }
  }

  /** False if another writer has taken over the lock. That writer has completed the partially written entry. */
  get isHeld(): boolean {
    return Atomics.load(this.#state, OWNER) === this.#owner;
  }

  /** Does nothing if another writer has taken over the lock. */
  release(): void {
    if (Atomics.compareExchange(this.#state, OWNER, this.#owner, FREE) === this.#owner)
      Atomics.notify(this.#state, OWNER, 1);
  }

  /** The number of bytes that a partially written entry lacks; 0 for none. */
  get missing(): number {
    return Atomics.load(this.#state, MISSING);
  }

  set missing(bytes: number) {
    Atomics.store(this.#state, MISSING, bytes);
  }

  /** Must be called when the output has accepted bytes. */
  accepted(bytes: number): void {
    const remaining = Atomics.load(this.#state, BYTES_UNTIL_READING);
    if (remaining > 0) Atomics.store(this.#state, BYTES_UNTIL_READING, Math.max(0, remaining - bytes));
    this.#recordProgress();
  }

  /**
   * Must be called when a writer has timed out with `refusedBytes` left. No writer waits until the reader certainly reads
   * again. A successful write is not sufficient evidence, because an output that refuses a large write can accept a smaller
   * one. The reader certainly reads when more bytes have been written than the output could have had space for.
   */
  markReaderStalled(refusedBytes: number): void {
    Atomics.store(this.#state, BYTES_UNTIL_READING, Math.min(refusedBytes, MAX_SPACE_WHEN_FULL));
  }

  /** Whether the reader has stopped. No writer waits then. */
  get isReaderStalled(): boolean {
    return Atomics.load(this.#state, BYTES_UNTIL_READING) > 0;
  }

  /** Shows waiting writers that the owner makes progress. */
  #recordProgress(): void {
    Atomics.add(this.#state, PROGRESS, 1);
  }
}

/** Creates the shared memory for the locks of all outputs. */
export function shareLocks(): OutputLocks {
  const stdout = OutputLock.share();
  return { stdout, stderr: areSame(1, 2) ? stdout : OutputLock.share(), frames: OutputLock.share() };
}

/** Whether the reader of any output has stopped. */
export function isAnyReaderStalled(locks: OutputLocks): boolean {
  return Object.values(locks).some((shared: SharedArrayBuffer) => new OutputLock(shared, 0).isReaderStalled);
}

/** Releases the locks of a thread that has exited. */
export function releaseLocks(locks: OutputLocks, writerId: number): void {
  for (const shared of Object.values(locks) as SharedArrayBuffer[]) OutputLock.releaseFor(shared, writerId);
}

/** Whether both are the same pipe, socket or file. */
function areSame(one: number, other: number): boolean {
  try {
    const [a, b] = [fstatSync(one, { bigint: true }), fstatSync(other, { bigint: true })];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    // One of the descriptors is closed.
    return false;
  }
}

const FREE = 0;
const MAX_WAIT_MS = 50;

/** The size of a page. A full pipe, which is a list of pages, can still have space in its last page. */
const MAX_SPACE_WHEN_FULL = 4096;

/** Fields of the shared memory. */
const OWNER = 0;
const PROGRESS = 1;
const MISSING = 2;
/** The number of bytes that must still be written until the reader certainly reads again. */
const BYTES_UNTIL_READING = 3;
const FIELDS = 4;
