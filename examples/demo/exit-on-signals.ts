import { constants } from 'node:os';

/** Ends this process in the ordinary way when it is told to end, so that what is to be done at its exit is done. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
