import { fstatSync } from 'node:fs';
import { monotonicMs } from '../invocation/time.ts';
import type { OutputLocks } from '../thread-settings.ts';

/**
 * Lets one writer at a time write to an output that many threads share. All state is in shared memory, because a thread can
 * be killed while it holds the lock.
 */
export class OutputLock {
  readonly #state: Int32Array<SharedArrayBuffer>;
  readonly #owner: number;

  /** @param owner identifies the writer: unique, and not 0. */
  constructor(shared: SharedArrayBuffer, owner: number) {
    this.#state = new Int32Array(shared);
    this.#owner = owner;
  }

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Gives the lock back on behalf of a writer that is dead or hangs. Does nothing if that writer no longer holds it. */
  static releaseFor(shared: SharedArrayBuffer, owner: number): void {
    const state = new Int32Array(shared);
    if (Atomics.compareExchange(state, OWNER, owner, FREE) === owner) Atomics.notify(state, OWNER);
  }

  /** Takes the lock if it is free. */
  tryAcquire(): boolean {
    const owner = Atomics.compareExchange(this.#state, OWNER, FREE, this.#owner);
    // If it is this writer's already, an error of the engine, such as a stack overflow, has prevented its release.
    const acquired = owner === FREE || owner === this.#owner;
    if (acquired) this.#moved();
    return acquired;
  }

  /**
   * Waits for the lock. Takes it from a writer that has held it for `hungAfterMs` without progress, since nothing else
   * would release it.
   */
  acquire(hungAfterMs: number): void {
    if (this.tryAcquire()) return;
    let seen = Atomics.load(this.#state, PROGRESS);
    let since = monotonicMs();
    while (!this.tryAcquire()) {
      const owner = Atomics.load(this.#state, OWNER);
      if (owner === FREE) continue;
      Atomics.wait(this.#state, OWNER, owner, LONGEST_WAIT_MS);
      const progress = Atomics.load(this.#state, PROGRESS);
      if (progress !== seen) {
        seen = progress;
        since = monotonicMs();
      } else if (monotonicMs() - since > hungAfterMs) {
        OutputLock.releaseFor(this.#state.buffer, owner);
      }
    }
  }

  /** False when another writer has taken the lock over. That writer has ended the entry that was being written. */
  get isHeld(): boolean {
    return Atomics.load(this.#state, OWNER) === this.#owner;
  }

  /** Does nothing when another writer has taken the lock over. */
  release(): void {
    if (Atomics.compareExchange(this.#state, OWNER, this.#owner, FREE) === this.#owner)
      Atomics.notify(this.#state, OWNER, 1);
  }

  /** Bytes that are missing of an entry of which a part has been written; 0 for none. */
  get missing(): number {
    return Atomics.load(this.#state, MISSING);
  }

  set missing(bytes: number) {
    Atomics.store(this.#state, MISSING, bytes);
  }

  /** The output has taken so many bytes. */
  accepted(bytes: number): void {
    const unproven = Atomics.load(this.#state, UNPROVEN);
    if (unproven > 0) Atomics.store(this.#state, UNPROVEN, Math.max(0, unproven - bytes));
    this.#moved();
  }

  /**
   * A writer has waited in vain for room for so many bytes. Until the reader is proven to read again, no writer waits. An
   * output that refuses a write can still have room for a smaller one, so a write that succeeds is no proof: proof is
   * when more has been written than there can have been room for.
   */
  readerStopped(refusedBytes: number): void {
    Atomics.store(this.#state, UNPROVEN, Math.min(refusedBytes, MAX_ROOM_WHEN_FULL));
  }

  /** Whether the reader has stopped. No writer waits then. */
  get stuck(): boolean {
    return Atomics.load(this.#state, UNPROVEN) > 0;
  }

  /** Tells waiting writers that the lock is in use. */
  #moved(): void {
    Atomics.add(this.#state, PROGRESS, 1);
  }
}

/** Makes the locks that the writers of all outputs share. */
export function shareLocks(): OutputLocks {
  const stdout = OutputLock.share();
  return { stdout, stderr: areSame(1, 2) ? stdout : OutputLock.share(), frames: OutputLock.share() };
}

/** Whether the reader of any output has stopped. */
export function isAnyStuck(locks: OutputLocks): boolean {
  return Object.values(locks).some((shared: SharedArrayBuffer) => new OutputLock(shared, 0).stuck);
}

/** Releases what a dead thread holds. */
export function releaseLocks(locks: OutputLocks, writer: number): void {
  for (const shared of Object.values(locks) as SharedArrayBuffer[]) OutputLock.releaseFor(shared, writer);
}

/** Whether both are the same pipe, socket or file. */
function areSame(one: number, other: number): boolean {
  try {
    const [a, b] = [fstatSync(one, { bigint: true }), fstatSync(other, { bigint: true })];
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    // One of them is closed.
    return false;
  }
}

const FREE = 0;
const LONGEST_WAIT_MS = 50;

/** A pipe is a list of pages. The last one can have room when there is no room for another page. */
const MAX_ROOM_WHEN_FULL = 4096;

/** Fields of the shared memory. */
const OWNER = 0;
const PROGRESS = 1;
const MISSING = 2;
/** How many bytes more must be written before it is certain that the reader reads again. */
const UNPROVEN = 3;
const FIELDS = 4;
