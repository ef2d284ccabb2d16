import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../protocol.ts';

/** Watches the files that threads load, and those that it is given; not those of packages. */
export class LoadedFiles {
  readonly #files = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #channel = new BroadcastChannel(LOADED_FILES_CHANNEL);
  #changed = Promise.withResolvers<'changed'>();
  #timer: NodeJS.Timeout | undefined;

  constructor(files: readonly string[]) {
    for (const file of files) this.#add(file);
    this.#channel.onmessage = (event) => this.#add((event as { readonly data: string }).data);
  }

  /** Resolves when a file has changed since the last time that this resolved. */
  async changed(): Promise<'changed'> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    return 'changed';
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#channel.close();
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #add(file: string): void {
    if (file.includes(PACKAGES)) return;
    this.#files.add(file);
    const directory = dirname(file);
    if (!this.#watchers.has(directory)) this.#watch(directory);
  }

  /** The directory, not the file: editors replace files by others of the same name. */
  #watch(directory: string): void {
    try {
      const watcher = watch(directory, (_event, name) => {
        if (name === null || this.#files.has(join(directory, name))) this.#notice();
      });
      watcher.on('error', () => undefined);
      this.#watchers.set(directory, watcher);
    } catch {
      // It is not there; what loads the file will say so.
    }
  }

  /** A file is written in several steps. */
  #notice(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.resolve('changed'), SETTLED_MS);
  }
}

const PACKAGES = `${sep}node_modules${sep}`;
const SETTLED_MS = 50;
