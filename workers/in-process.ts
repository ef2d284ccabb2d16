/** What single mode loads into the main thread. */
export { reportEscapes } from './uncaught-errors.ts';
export { loadInvoker } from './invoker.ts';
export { openLogging } from './logging/open-logging.ts';
