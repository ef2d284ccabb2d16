import { sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../protocol.ts';
import { WatchedFiles } from './watched-files.ts';

/** Watches the files that threads load, and those that it is given; not those of packages. */
export class LoadedFiles {
  readonly #files = new WatchedFiles();
  readonly #channel = new BroadcastChannel(LOADED_FILES_CHANNEL);

  constructor(files: readonly string[]) {
    for (const file of files) this.#files.add(file);
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
