import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What piscina starts in a thread. */
export const THREAD_ENTRY = fileURLToPath(workerFile('thread'));

/** What runs a handler in the main thread, in single mode. */
export const IN_PROCESS_ENTRY = workerFile('in-process').href;

/** Sources run as they are and refer to `.ts`; once built, both sides are `.js`. */
function workerFile(name: string): URL {
  return new URL(`../../workers/${name}${extname(import.meta.url)}`, import.meta.url);
}
