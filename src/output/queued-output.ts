import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Mended } from './mended.ts';
import type { Output, OutputSettings } from './output.ts';
import type { WriteSome } from './write-some.ts';

/**
 * Writes entries to a descriptor in the background, those of a turn of the event loop together: for the thread that must
 * never wait for a pipe.
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

  /** How many of them are done with: none if it is another's turn, or there is no room for any of it. */
  async #try(entries: readonly Uint8Array[]): Promise<number> {
    const { lock, mend } = this.#settings;
    if (!lock.tryAcquire()) return 0;
    try {
      return await this.#writeAll(new Mended(entries, lock.missing, mend), entries.length);
    } catch {
      // Nobody can read any more, or the disk is full.
      return entries.length;
    } finally {
      lock.release();
    }
  }

  /** What has begun is finished, unless nobody reads. */
  async #writeAll(mended: Mended, count: number): Promise<number> {
    const { fd, lock, dropped, patienceMs } = this.#settings;
    let offset = 0;
    let waitedMs = 0;
    while (offset < mended.bytes.length) {
      const written = await this.#writeSome(fd, mended.bytes, offset);
      offset += written;
      lock.missing = mended.missingAt(offset);
      if (written > 0) {
        lock.progressed();
        waitedMs = 0;
      } else if (offset === 0 || lock.missing === 0) {
        return mended.begunAt(offset);
      } else {
        if (waitedMs >= patienceMs) {
          dropped.add();
          return mended.begunAt(offset);
        }
        await sleep(PAUSE_MS);
        waitedMs += PAUSE_MS;
      }
    }
    return count;
  }
}

const LARGEST_BACKLOG_BYTES = 16 * 1024 * 1024;
const LARGEST_WRITE_BYTES = 64 * 1024;
const PAUSE_MS = 5;
