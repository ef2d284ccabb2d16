/**
 * Publishes spans and metrics of a runtime to OpenTelemetry. Requires the package `@opentelemetry/api`.
 *
 * @module lambda-managed-runtime/otel
 */
import type { StatsSource } from '../observability/stats.ts';
import { recordMetrics } from './metrics.ts';
import { recordSpans } from './spans.ts';

/**
 * Records spans and metrics of a runtime with the tracer and meter providers that are registered with
 * `@opentelemetry/api` at the time of the call. Call it after the SDK has started and before `run()`.
 *
 * @param runtime The runtime to instrument.
 * @returns A function that stops the instrumentation. It does not flush: flush or shut down the providers yourself.
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
