import { nextTurn, sleep } from '../builtins.ts';
import { PartialWriteRepair } from './descriptor.ts';
import type { Output, OutputSettings } from './output.ts';
import type { WriteSome } from './descriptor.ts';

/**
 * Writes entries to a descriptor in the background, all entries of one turn of the event loop together. For the main thread,
 * which must never wait for a pipe.
 */
export class QueuedOutput implements Output {
  readonly #settings: OutputSettings;
  readonly #writeSome: WriteSome;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;

  constructor(settings: OutputSettings, writeSome: WriteSome) {
    this.#settings = settings;
    this.#writeSome = writeSome;
  }

  write(entry: Uint8Array): void {
    if (this.#queuedBytes + entry.length > MAX_QUEUED_BYTES) return this.#settings.dropped.add();
    this.#queue.push(entry);
    this.#queuedBytes += entry.length;
    this.#writing ??= this.#writeQueue();
  }

  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #writeQueue(): Promise<void> {
    await nextTurn();
    while (this.#queue.length > 0) {
      const done = await this.#tryWrite(this.#nextBatch());
      for (const { length } of this.#queue.splice(0, done)) this.#queuedBytes -= length;
      if (done === 0) await sleep(PAUSE_MS);
    }
    this.#writing = undefined;
  }

  #nextBatch(): readonly Uint8Array[] {
    let bytes = 0;
    const end = this.#queue.findIndex(({ length }) => (bytes += length) > MAX_BATCH_BYTES);
    return end === -1 ? this.#queue.slice() : this.#queue.slice(0, Math.max(end, 1));
  }

  /** Returns the number of entries written or dropped; 0 if another writer holds the lock or the output is full. */
  async #tryWrite(entries: readonly Uint8Array[]): Promise<number> {
    const { lock, repair } = this.#settings;
    if (!lock.tryAcquire()) return 0;
    try {
      return await this.#writeAll(new PartialWriteRepair(entries, lock.missing, repair), entries.length);
    } catch {
      // The reader is gone or the disk is full.
      return entries.length;
    } finally {
      lock.release();
    }
  }

  /**
   * Completes an entry that has begun, unless the reader has stopped or another writer has taken over the lock. In that case
   * the rest would end up within the other writer's entry.
   */
  async #writeAll(repaired: PartialWriteRepair, count: number): Promise<number> {
    const { bytes } = repaired;
    const { fd, lock, writeTimeoutMs } = this.#settings;
    let offset = 0;
    let waitedMs = 0;
    while (offset < bytes.length) {
      // A writer that takes over the lock during the call cannot know which part has been written.
      lock.missing = bytes.length - offset;
      let written = 0;
      try {
        written = await this.#writeSome(fd, bytes, offset);
        offset += written;
      } finally {
        if (lock.isHeld) lock.missing = repaired.missingAt(offset);
      }
      if (written > 0) {
        lock.accepted(written);
        waitedMs = 0;
      } else if (offset === 0 || repaired.missingAt(offset) === 0) {
        return repaired.begunAt(offset);
      } else if (lock.isReaderStalled) {
        return this.#dropCurrent(repaired, offset);
      } else if (waitedMs >= writeTimeoutMs) {
        lock.markReaderStalled(bytes.length - offset);
        return this.#dropCurrent(repaired, offset);
      } else {
        await sleep(PAUSE_MS);
        waitedMs += PAUSE_MS;
      }
      if (!lock.isHeld) return offset < bytes.length ? this.#dropCurrent(repaired, offset) : count;
    }
    return count;
  }

  /** Drops the rest of a partially written entry. Returns the number of entries written or dropped. */
  #dropCurrent(repaired: PartialWriteRepair, offset: number): number {
    if (repaired.missingAt(offset) > 0) this.#settings.dropped.add();
    return repaired.begunAt(offset);
  }
}

const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
const MAX_BATCH_BYTES = 64 * 1024;
const PAUSE_MS = 5;
