import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import type { Config } from '../config.ts';
import type { ThreadObserver } from '../observing/observer.ts';
import { ENTRIES } from '../package-files.ts';
import type { LogSettings, SharedState, ThreadSettings } from '../thread-settings.ts';
import { invokerSettings } from './invoker-settings.ts';

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
    entry: fileURLToPath(config.development === undefined ? ENTRIES.thread : ENTRIES.watchedThread),
    settings: { ...invokerSettings(config, { ...log, writer: id }), shared },
    resourceLimits: config.resourceLimits,
  };
}
