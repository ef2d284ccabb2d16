/**
 * Files of this package that are found by their path, since no import leads to them. Built, this module stays where it
 * is, and the others are bundled.
 */
import { extname } from 'node:path';

/** What is started by path: built, each is an entry. */
export const ENTRIES = {
  /** What piscina starts in a thread. */
  thread: entry('../workers/thread'),
  /** The same, for the command `dev`: it tells which modules it loads. */
  watchedThread: entry('../workers/watched-thread'),
  /** What runs a handler in the main thread, in single mode. */
  inProcess: entry('../workers/in-process'),
  /** The process that the command `bench` measures. */
  benchRuntime: entry('cli/bench/runtime-entry'),
};

/** The folder of the console's page. */
export const CONSOLE_PAGE = new URL('../console-page/bundle/', import.meta.url);

/** Sources run as they are and refer to `.ts`; once built, both sides are `.js`. */
function entry(name: string): URL {
  return new URL(`${name}${extname(import.meta.url)}`, import.meta.url);
}
