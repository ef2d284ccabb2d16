import { statSync } from 'node:fs';
import { sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../protocol.ts';

/** Looks at files by name, again and again: editors replace files, and builds whole directories. */
export class WatchedFiles {
  /** When each has changed last, epoch ms; 0 where there is none. */
  readonly #files = new Map<string, number>();
  #changed = Promise.withResolvers<'changed'>();
  #timer = this.#lookIn(LOOK_EVERY_MS);

  add(file: string): void {
    if (!this.#files.has(file)) this.#files.set(file, changedAt(file));
  }

  /** Resolves when a file has changed since the last time that this resolved. */
  async changed(): Promise<'changed'> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    return 'changed';
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const startMs = performance.now();
    let found = false;
    for (const [file, before] of this.#files) {
      const now = changedAt(file);
      if (now === before) continue;
      this.#files.set(file, now);
      found = true;
    }
    // A file is written in several steps.
    if (found) setTimeout(() => this.#changed.resolve('changed'), SETTLED_MS);
    const restMs = (performance.now() - startMs) / MAX_BUSY;
    this.#timer = this.#lookIn(Math.min(Math.max(LOOK_EVERY_MS, restMs), LOOK_AT_LEAST_EVERY_MS));
  }

  #lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), ms);
  }
}

const LOOK_EVERY_MS = 200;
/** So many files, or so slow a disk, that nobody waits longer. */
const LOOK_AT_LEAST_EVERY_MS = 2000;
/** The part of the main thread's time that may be spent with it. */
const MAX_BUSY = 0.01;
const SETTLED_MS = 50;

function changedAt(file: string): number {
  try {
    return statSync(file).ctimeMs;
  } catch {
    return 0;
  }
}

/** Watches the handler's file and those that threads load; not those of packages. */
export class LoadedFiles {
  readonly #files = new WatchedFiles();
  readonly #channel = new BroadcastChannel(LOADED_FILES_CHANNEL);

  constructor(workerFile: string) {
    this.#files.add(workerFile);
    this.#channel.onmessage = (event) => {
      const { data: file } = event as { readonly data: string };
      if (!file.includes(PACKAGES)) this.#files.add(file);
    };
  }

  /** Resolves when a file has changed since the last time that this resolved. */
  changed(): Promise<'changed'> {
    return this.#files.changed();
  }

  close(): void {
    this.#channel.close();
    this.#files.close();
  }
}

const PACKAGES = `${sep}node_modules${sep}`;
