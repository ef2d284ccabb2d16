import type { RuntimeStats } from '../../src/index.ts';
import { FULL, startLayout, startSingle } from '../faults/fault-runtime.ts';
import type { FaultOptions, FaultRuntime } from '../faults/fault-runtime.ts';

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

/** Threads, and none. */
export const MODES: readonly Mode[] = [
  TWO_THREADS,
  { mode: 'single mode', slots: 1, start: (given) => startSingle(given) },
];

/** For what reads what has been recorded, and does not depend on how handlers run. */
export const EITHER_MODE = FULL ? MODES : MODES.slice(0, 1);

/** The deadline comes about half a second after the event, for those that are `timed`. */
export const EARLY_DEADLINE = { deadlineMarginMs: 19_500, deadlineGraceMs: 100 };
export const timed = { timeoutMs: 20_000 };

/** The runtime's figures as they are now. */
export async function statsOf(runtime: FaultRuntime): Promise<RuntimeStats> {
  const { stats } = await ask<{ stats: RuntimeStats }>(runtime, 'stats', 'stats');
  return stats;
}

/** The last figures, after `run()` has ended. */
export function lastStatsOf(runtime: FaultRuntime): Promise<RuntimeStats> {
  const { promise, resolve } = Promise.withResolvers<RuntimeStats>();
  runtime.child.on('message', ({ stats }: { stats?: RuntimeStats }) => {
    if (stats?.state === 'stopped') resolve(stats);
  });
  return promise;
}

/** Sends a message; resolves with the first one from then on that has the key. */
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
