import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What piscina starts in a thread. */
export const THREAD_ENTRY = fileURLToPath(workerFile('thread'));

/** What runs a handler, for single mode to load into the main thread. */
export const INVOKER_MODULE = workerFile('invoker').href;

/** Sources run as they are and refer to `.ts`; once built, both sides are `.js`. */
function workerFile(name: string): URL {
  return new URL(`../../workers/${name}${extname(import.meta.url)}`, import.meta.url);
}
