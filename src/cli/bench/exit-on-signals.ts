import { constants } from 'node:os';

/** Ends this process by its ordinary way when it is told to end, so that its children are taken along. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
