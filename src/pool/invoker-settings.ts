import type { Config } from '../config.ts';
import type { InvokerSettings, LogSettings } from '../thread-settings.ts';

/** What of the configuration the thread needs that runs the handler. */
export function invokerSettings(config: Config, log: LogSettings): InvokerSettings {
  const { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb } = config;
  const ownsThread = config.concurrency === 1 || config.invocationsPerThread === 1;
  return { handler, codec, lambda, deadlineMarginMs, maxThreadHeapMb, ownsThread, log };
}
