import { expect } from 'vitest';
import type { RuntimeStats } from '../../src/index.ts';
import { FULL, startLayout, startSingle } from '../faults/fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from '../faults/fault-runtime.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';

export interface Mode {
  readonly mode: string;
  readonly slots: number;
  readonly start: (given?: FaultOptions) => Promise<FaultRuntime>;
}

export const TWO_THREADS: Mode = {
  mode: 'two threads',
  slots: 2,
  start: (given) => startLayout({ perThread: 1, threads: 2 }, given),
};

/** Two threads, and single mode. */
export const MODES: readonly Mode[] = [
  TWO_THREADS,
  { mode: 'single mode', slots: 1, start: (given) => startSingle(given) },
];

/** For tests of recorded data that do not depend on the mode. */
export const EITHER_MODE = FULL ? MODES : MODES.slice(0, 1);

/** With the timeout of `timed`, the deadline is about half a second after the event. */
export const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
export const timed = { timeoutMs: 20_000 };

/** The runtime's current metrics. */
export async function statsOf(runtime: FaultRuntime): Promise<RuntimeStats> {
  const { stats } = await ask<{ stats: RuntimeStats }>(runtime, 'stats', 'stats');
  return stats;
}

/** The last metrics, after `run()` has ended. */
export function lastStatsOf(runtime: FaultRuntime): Promise<RuntimeStats> {
  const { promise, resolve } = Promise.withResolvers<RuntimeStats>();
  runtime.child.on('message', ({ stats }: { stats?: RuntimeStats }) => {
    if (stats?.state === 'stopped') resolve(stats);
  });
  return promise;
}

/** Sends a message. Resolves with the first later message from the process that has the key. */
export function ask<Reply extends object>(
  runtime: FaultRuntime,
  message: string,
  key: keyof Reply,
): Promise<Reply> {
  const { promise, resolve } = Promise.withResolvers<Reply>();
  const receive = (reply: Reply) => {
    if (!(key in reply)) return;
    runtime.child.off('message', receive);
    resolve(reply);
  };
  runtime.child.on('message', receive);
  runtime.child.send(message);
  return runtime.unlessExited(promise);
}

/** The lines at the end of that invocation. */
export function linesOf(runtime: FaultRuntime, requestId: string): LogLine[] {
  return runtime.log.filter(
    (line) => line['message'] === 'Invocation ended' && line['requestId'] === requestId,
  );
}

/** Resolves with the only line of that invocation. */
export async function lineOf(runtime: FaultRuntime, requestId: string): Promise<LogLine> {
  await expect.poll(() => linesOf(runtime, requestId), POLL_OPTIONS).toHaveLength(1);
  return linesOf(runtime, requestId)[0] as LogLine;
}
