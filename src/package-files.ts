/** Files of this package that are located by path instead of imported. The bundle of this module is in `dist/src`. */
import { extname } from 'node:path';

/** `.ts` for the sources, `.js` for the build. */
const EXTENSION = extname(import.meta.url);

/** Entries that are started by path. The paths are spelled out for tools that trace the files of a deployment. */
export const ENTRY_FILES = {
  /** The module that piscina loads in a worker thread. */
  thread: new URL(`../workers/thread${EXTENSION}`, import.meta.url),
  /** The worker thread's module for the command `dev`, which reports the files that it loads. */
  devThread: new URL(`../workers/dev-thread${EXTENSION}`, import.meta.url),
  /** A short-lived thread that finds original positions with source maps. */
  sourcePositions: new URL(`../workers/source-positions${EXTENSION}`, import.meta.url),
  /** The process that finds the position of a syntax error. */
  syntaxErrorSearch: new URL(`invocation/syntax-error-search${EXTENSION}`, import.meta.url),
  /** Runs the handler on the main thread in single mode. */
  inProcess: new URL(`../workers/in-process${EXTENSION}`, import.meta.url),
  /** The process that the command `bench` measures. */
  benchRuntime: new URL(`cli/bench/runtime-entry${EXTENSION}`, import.meta.url),
  /** The process that completes the bundle of a function of the CDK. */
  finishCdkBundle: new URL(`cdk/finish-bundle${EXTENSION}`, import.meta.url),
};

/** The folder of the console's page. */
export const CONSOLE_PAGE = new URL('./console/page/bundle/', import.meta.url);
