import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What piscina starts in a thread. */
export const THREAD_ENTRY = fileURLToPath(workerFile('thread'));

/** The same, for the command `dev`: it tells which modules it loads. */
export const WATCHED_THREAD_ENTRY = fileURLToPath(workerFile('watched-thread'));

/** What runs a handler in the main thread, in single mode. */
export const IN_PROCESS_ENTRY = workerFile('in-process').href;

/** Sources run as they are and refer to `.ts`; once built, both sides are `.js`. */
function workerFile(name: string): URL {
  return new URL(`../../workers/${name}${extname(import.meta.url)}`, import.meta.url);
}
