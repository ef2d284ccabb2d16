import { unwatchFile, watchFile } from 'node:fs';
import { sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../protocol.ts';

/** Watches the files that threads load, and those that it is given; not those of packages. */
export class LoadedFiles {
  readonly #files = new Set<string>();
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
    for (const file of this.#files) unwatchFile(file);
  }

  /** Looks at the file by its name, again and again: editors replace files, and builds whole directories. */
  #add(file: string): void {
    if (this.#files.has(file) || file.includes(PACKAGES)) return;
    this.#files.add(file);
    watchFile(file, { interval: LOOK_EVERY_MS }, (now, before) => {
      // Of a file that is not there it also tells at first.
      if (now.ctimeMs !== before.ctimeMs) this.#notice();
    });
  }

  /** A file is written in several steps. */
  #notice(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.resolve('changed'), SETTLED_MS);
  }
}

const PACKAGES = `${sep}node_modules${sep}`;
const LOOK_EVERY_MS = 200;
const SETTLED_MS = 50;
