import type { ResourceLimits } from 'node:worker_threads';
import type { Config } from '../config.ts';
import type { ThreadObserver } from '../observing/observer.ts';
import type { LogSettings, SharedState, ThreadSettings } from '../thread-settings.ts';
import { invokerSettings } from './invoker-settings.ts';
import { THREAD_ENTRY, WATCHED_THREAD_ENTRY } from './worker-files.ts';

/** What it takes to start a thread. */
export interface ThreadStart {
  readonly id: number;
  readonly life: ThreadObserver;
  /** The file that piscina starts. */
  readonly entry: string;
  readonly settings: Omit<ThreadSettings, 'port'>;
  readonly resourceLimits: ResourceLimits;
}

export function threadStart(
  id: number,
  life: ThreadObserver,
  config: Config,
  log: LogSettings,
  shared: SharedState,
): ThreadStart {
  return {
    id,
    life,
    entry: config.development === undefined ? THREAD_ENTRY : WATCHED_THREAD_ENTRY,
    settings: { ...invokerSettings(config, { ...log, writer: id }), shared },
    resourceLimits: config.resourceLimits,
  };
}
