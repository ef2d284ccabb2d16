/**
 * Spans and metrics of a runtime for OpenTelemetry. Needs `@opentelemetry/api`.
 *
 * @module lambda-managed-runtime/otel
 */
import type { StatsSource } from '../observability/stats.ts';
import { recordMetrics } from './metrics.ts';
import { recordSpans } from './spans.ts';

/**
 * Gives a runtime's spans and metrics to OpenTelemetry: to the tracer and meter providers that are registered with
 * `@opentelemetry/api` when it is called. To be called before `run()`.
 *
 * @param runtime The runtime to tell of.
 * @returns What ends it. It flushes nothing: that is the providers' own business.
 * @see https://opentelemetry.io/docs/specs/semconv/faas/
 *
 * @example
 * ```ts
 * import { createManagedRuntime } from 'lambda-managed-runtime';
 * import { instrument } from 'lambda-managed-runtime/otel';
 *
 * const runtime = createManagedRuntime(new URL('./handler.js', import.meta.url));
 * const stop = instrument(runtime);
 * await runtime.run();
 * stop();
 * ```
 */
export function instrument(runtime: StatsSource): () => void {
  const stops = [recordSpans(runtime), recordMetrics(runtime)];
  return () => {
    for (const stop of stops) stop();
  };
}
