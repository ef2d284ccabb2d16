import { constants } from 'node:os';

/** Exits on stop signals through `process.exit()`, so that exit listeners run. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
