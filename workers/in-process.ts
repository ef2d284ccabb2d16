/** The entry that single mode loads on the main thread. */
export { reportUncaughtErrors } from './uncaught-errors.ts';
export { loadInvoker } from './invoker.ts';
export { openLogging } from './logging/open-logging.ts';
