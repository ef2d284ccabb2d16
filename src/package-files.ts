/** Files of this package that are found by their path, since no import leads to them. Built, this lies in `dist/src`, too. */
import { extname } from 'node:path';

/** Sources run as they are and refer to `.ts`; once built, both sides are `.js`. */
const ENDING = extname(import.meta.url);

/** What is started by path: built, each is an entry. Paths are written out for what traces the files of a deployment. */
export const ENTRIES = {
  /** What piscina starts in a thread. */
  thread: new URL(`../workers/thread${ENDING}`, import.meta.url),
  /** The same, for the command `dev`: it tells which modules it loads. */
  watchedThread: new URL(`../workers/watched-thread${ENDING}`, import.meta.url),
  /** What runs a handler in the main thread, in single mode. */
  inProcess: new URL(`../workers/in-process${ENDING}`, import.meta.url),
  /** The process that the command `bench` measures. */
  benchRuntime: new URL(`cli/bench/runtime-entry${ENDING}`, import.meta.url),
};

/** The folder of the console's page. */
export const CONSOLE_PAGE = new URL('./console/page/bundle/', import.meta.url);
