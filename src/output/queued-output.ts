import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { mended } from './mended.ts';
import type { Mended } from './mended.ts';
import type { Output, OutputSettings } from './output.ts';

/** Writes entries to a descriptor in the background: for the thread that must never wait for a pipe. */
export class QueuedOutput implements Output {
  readonly #settings: OutputSettings;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #pumping: Promise<void> | undefined;

  constructor(settings: OutputSettings) {
    this.#settings = settings;
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
    for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
      if (await this.#try(entry)) {
        this.#queue.shift();
        this.#queuedBytes -= entry.length;
      } else await sleep(PAUSE_MS);
    }
    this.#pumping = undefined;
  }

  /** False if it is another's turn, or there is no room for any of it. */
  async #try(entry: Uint8Array): Promise<boolean> {
    const { lock, mend } = this.#settings;
    if (!lock.tryAcquire()) return false;
    try {
      return await this.#writeAll(mended(entry, lock.missing, mend));
    } catch {
      // Nobody can read any more, or the disk is full.
      return true;
    } finally {
      lock.release();
    }
  }

  /** What has begun is finished, unless nobody reads. */
  async #writeAll({ bytes, missingAt }: Mended): Promise<boolean> {
    const { fd, lock, dropped, patienceMs } = this.#settings;
    let offset = 0;
    let waitedMs = 0;
    while (offset < bytes.length) {
      const written = await writeSome(fd, bytes, offset);
      offset += written;
      lock.missing = missingAt(offset);
      if (written > 0) {
        lock.progressed();
        waitedMs = 0;
      } else if (offset === 0) {
        return false;
      } else {
        if (waitedMs >= patienceMs) {
          dropped.add();
          return true;
        }
        await sleep(PAUSE_MS);
        waitedMs += PAUSE_MS;
      }
    }
    return true;
  }
}

/** 0 if there is no room now. */
async function writeSome(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
  try {
    return (await writeAsync(fd, bytes, offset)).bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

const writeAsync = promisify(fs.write);
const LARGEST_BACKLOG_BYTES = 16 * 1024 * 1024;
const PAUSE_MS = 5;
