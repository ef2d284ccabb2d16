import type { Config } from '../config/config.ts';
import type { SharedState } from '../thread-settings.ts';

/**
 * Loads what the handlers of all threads share. Each call of what it resolves with is for one more thread. Rejects with
 * a `SharingError`. What is not asked for is not loaded, comlink included.
 */
export async function openShare(config: Config): Promise<() => SharedState> {
  const { services, sharedData, initTimeoutMs } = config;
  const connect =
    services === undefined
      ? () => undefined
      : await (await import('./services.ts')).openServices(services, initTimeoutMs);
  const data =
    sharedData === undefined
      ? undefined
      : await (await import('./services.ts')).loadSharedData(sharedData, initTimeoutMs);
  return () => ({ services: connect(), data });
}
