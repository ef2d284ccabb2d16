/**
 * Spans and metrics of a runtime for OpenTelemetry. Needs `@opentelemetry/api`.
 *
 * @module lambda-managed-runtime/otel
 */
export { instrument } from './instrument.ts';
