import { statSync } from 'node:fs';
import { sep } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { LOADED_FILES_CHANNEL } from '../protocol.ts';

/** Polls files by name. File system watchers miss changes when editors replace files or builds replace directories. */
export class WatchedFiles {
  /** The time of each file's last change, epoch ms; 0 if the file does not exist. */
  readonly #files = new Map<string, number>();
  #changed = Promise.withResolvers<'changed'>();
  #timer = this.#scheduleCheck(MIN_INTERVAL_MS);
  /** Whether the previous check found a change. */
  #settling = false;

  add(file: string): void {
    if (!this.#files.has(file)) this.#files.set(file, changedAt(file));
  }

  /** Resolves when a file has changed since the previous call resolved. */
  async changed(): Promise<'changed'> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
    return 'changed';
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    const startMs = performance.now();
    let found = false;
    for (const [file, before] of this.#files) {
      const now = changedAt(file);
      if (now === before) continue;
      this.#files.set(file, now);
      found = true;
    }
    // Editors and builds write a file in several steps: a change counts when a second check finds no further one.
    if (!found && this.#settling) this.#changed.resolve('changed');
    this.#settling = found;
    this.#timer = this.#scheduleCheck(found ? SETTLING_MS : this.#pauseMs(performance.now() - startMs));
  }

  #pauseMs(checkMs: number): number {
    return Math.min(Math.max(MIN_INTERVAL_MS, checkMs / MAX_MAIN_THREAD_SHARE), MAX_INTERVAL_MS);
  }

  #scheduleCheck(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#check(), ms);
  }
}

const MIN_INTERVAL_MS = 200;
/** The interval with very many files or a slow disk. */
const MAX_INTERVAL_MS = 2000;
/** The share of the main thread's time that the checks may take. */
const MAX_MAIN_THREAD_SHARE = 0.01;
/** The time between a check that found a change and the next one. */
const SETTLING_MS = 100;

function changedAt(file: string): number {
  try {
    return statSync(file).ctimeMs;
  } catch {
    return 0;
  }
}

/** Watches the handler's file and the files that threads load, except those in `node_modules`. */
export class LoadedFiles {
  readonly #files = new WatchedFiles();
  readonly #channel = new BroadcastChannel(LOADED_FILES_CHANNEL);

  /** @param handler the files that may be the handler's module. */
  constructor(handler: readonly string[]) {
    for (const file of handler) this.#files.add(file);
    this.#channel.onmessage = (event) => {
      const { data: file } = event as { readonly data: string };
      if (!file.includes(PACKAGES)) this.#files.add(file);
    };
  }

  /** Resolves when a file has changed since the previous call resolved. */
  changed(): Promise<'changed'> {
    return this.#files.changed();
  }

  close(): void {
    this.#channel.close();
    this.#files.close();
  }
}

const PACKAGES = `${sep}node_modules${sep}`;
