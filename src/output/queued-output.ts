import { nextTurn, sleep } from '../builtins.ts';
import { PartialWriteRepair } from './descriptor.ts';
import type { Output, OutputSettings } from './output.ts';
import type { WriteSome } from './descriptor.ts';

/**
 * Writes entries to a descriptor in the background, all entries of one turn of the event loop together. For the thread that
 * must never wait for a pipe.
 */
export class QueuedOutput implements Output {
  readonly #settings: OutputSettings;
  readonly #writeSome: WriteSome;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #pumping: Promise<void> | undefined;

  constructor(settings: OutputSettings, writeSome: WriteSome) {
    this.#settings = settings;
    this.#writeSome = writeSome;
  }

  write(entry: Uint8Array): void {
    if (this.#queuedBytes + entry.length > LARGEST_BACKLOG_BYTES) return this.#settings.dropped.add();
    this.#queue.push(entry);
    this.#queuedBytes += entry.length;
    this.#pumping ??= this.#pump();
  }

  async flushed(): Promise<void> {
    await this.#pumping;
  }

  async #pump(): Promise<void> {
    await nextTurn();
    while (this.#queue.length > 0) {
      const done = await this.#try(this.#next());
      for (const { length } of this.#queue.splice(0, done)) this.#queuedBytes -= length;
      if (done === 0) await sleep(PAUSE_MS);
    }
    this.#pumping = undefined;
  }

  #next(): readonly Uint8Array[] {
    let bytes = 0;
    const tooMuch = this.#queue.findIndex(({ length }) => (bytes += length) > LARGEST_WRITE_BYTES);
    return tooMuch === -1 ? this.#queue.slice() : this.#queue.slice(0, Math.max(tooMuch, 1));
  }

  /** Returns the number of entries that are done: 0 if another writer has the lock, or there is no room. */
  async #try(entries: readonly Uint8Array[]): Promise<number> {
    const { lock, repair } = this.#settings;
    if (!lock.tryAcquire()) return 0;
    try {
      return await this.#writeAll(new PartialWriteRepair(entries, lock.missing, repair), entries.length);
    } catch {
      // The reader is gone, or the disk is full.
      return entries.length;
    } finally {
      lock.release();
    }
  }

  /**
   * What has begun is finished, unless nobody reads, or another writer has taken the lock over: the rest would be in the
   * middle of that writer's entry.
   */
  async #writeAll(repaired: PartialWriteRepair, count: number): Promise<number> {
    const { bytes } = repaired;
    const { fd, lock, writeTimeoutMs } = this.#settings;
    let offset = 0;
    let waitedMs = 0;
    while (offset < bytes.length) {
      // Who takes the lock over during the call cannot know which part has been written.
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
      } else if (lock.stuck) {
        return this.#breakOff(repaired, offset);
      } else if (waitedMs >= writeTimeoutMs) {
        lock.readerStopped(bytes.length - offset);
        return this.#breakOff(repaired, offset);
      } else {
        await sleep(PAUSE_MS);
        waitedMs += PAUSE_MS;
      }
      if (!lock.isHeld) return offset < bytes.length ? this.#breakOff(repaired, offset) : count;
    }
    return count;
  }

  /** Drops the entry that has begun. */
  #breakOff(repaired: PartialWriteRepair, offset: number): number {
    if (repaired.missingAt(offset) > 0) this.#settings.dropped.add();
    return repaired.begunAt(offset);
  }
}

const LARGEST_BACKLOG_BYTES = 16 * 1024 * 1024;
const LARGEST_WRITE_BYTES = 64 * 1024;
const PAUSE_MS = 5;
