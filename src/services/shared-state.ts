import type { Config } from '../config/config.ts';
import type { SharedState } from '../thread-settings.ts';

/**
 * Loads the modules of the options `services` and `sharedData`. Resolves with a function that returns the shared state
 * for one thread; call it once per thread. Rejects with a `SharingError`.
 *
 * Without these options nothing is loaded, comlink included.
 *
 * @param stop ends the timeouts of the modules.
 */
export async function openSharedState(config: Config, stop: AbortSignal): Promise<() => SharedState> {
  const { services, sharedData, initTimeoutMs } = config;
  const connect =
    services === undefined
      ? () => undefined
      : await (await import('./services.ts')).openServices(services, initTimeoutMs, stop);
  const data =
    sharedData === undefined
      ? undefined
      : await (await import('./services.ts')).loadSharedData(sharedData, initTimeoutMs, stop);
  return () => ({ services: connect(), data });
}
