import { sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../protocol.ts';
import { WatchedFiles } from './watched-files.ts';

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
