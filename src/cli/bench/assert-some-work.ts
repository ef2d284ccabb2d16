import { BenchError } from './bench-error.ts';
import type { HandlerLog } from './handler-log.ts';
import type { Tally } from './tally.ts';

/** Throws a BenchError when so many have been answered, and all of them with an error. */
export function assertSomeWork(tally: Tally, enough: number, log: HandlerLog): void {
  const { total, failed, firstError } = tally.answers;
  if (total < enough || failed < total) return;
  const what =
    total === 0
      ? 'No invocation was answered while it was measured: try more --seconds.'
      : `All of ${total} invocations failed, so there is nothing to measure. The first error: ${firstError}`;
  throw new BenchError(`${what}\n${log.keep()}`);
}
