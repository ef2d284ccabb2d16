import { metrics } from '@opentelemetry/api';
import type { BatchObservableCallback } from '@opentelemetry/api';
import { INVOCATION_CHANNEL, subscribeToChannel } from '../observability/channels.ts';
import type { PublishedInvocation } from '../observability/channels.ts';
import type { StatsSource } from '../observability/stats.ts';

/** Records counts and durations when an invocation ends, and observes slots, threads and retries at each collection. */
export function recordMetrics(runtime: StatsSource): () => void {
  const meter = metrics.getMeter('lambda-managed-runtime');
  const duration = meter.createHistogram('faas.invoke_duration', SECONDS);
  const dispatch = meter.createHistogram('lambda_managed_runtime.dispatch.duration', SECONDS);
  const invocations = meter.createCounter('faas.invocations', { unit: '{invocation}' });
  const errors = meter.createCounter('faas.errors', { unit: '{error}' });
  const timeouts = meter.createCounter('faas.timeouts', { unit: '{timeout}' });
  const inFlight = meter.createObservableGauge('lambda_managed_runtime.in_flight', { unit: '{invocation}' });
  const slots = meter.createObservableGauge('lambda_managed_runtime.slots', { unit: '{slot}' });
  const busy = meter.createObservableCounter('lambda_managed_runtime.slots.busy_time', { unit: 's' });
  const threads = meter.createObservableGauge('lambda_managed_runtime.threads', { unit: '{thread}' });
  const replaced = meter.createObservableCounter('lambda_managed_runtime.threads.replaced', {
    unit: '{thread}',
  });
  const retries = meter.createObservableCounter('lambda_managed_runtime.runtime_api.retries', {
    unit: '{request}',
  });

  const stopListening = subscribeToChannel<PublishedInvocation>(INVOCATION_CHANNEL, {
    asyncEnd: ({ report }) => {
      if (report === undefined) return;
      const { outcome } = report;
      invocations.add(1, { outcome });
      if (outcome === 'error' || outcome === 'crash') errors.add(1, { 'error.type': report.errorType ?? '' });
      if (outcome === 'deadline') timeouts.add(1);
      duration.record(report.durationMs / 1000, { outcome });
      if (report.dispatchMs !== undefined) dispatch.record(report.dispatchMs / 1000);
    },
  });
  const observe: BatchObservableCallback = (result) => {
    const stats = runtime.stats();
    result.observe(inFlight, stats.inFlight);
    for (const state of ['waiting', 'polling', 'busy'] as const)
      result.observe(slots, stats.slots[state], { state });
    result.observe(busy, stats.slots.busyMs / 1000);
    for (const state of ['starting', 'idle', 'busy', 'retiring'] as const)
      result.observe(threads, stats.threads[state], { state });
    for (const [cause, count] of Object.entries(stats.threads.replaced))
      result.observe(replaced, count, { cause });
    result.observe(retries, stats.runtimeApi.pollRetries, { request: 'poll' });
    result.observe(retries, stats.runtimeApi.answerRetries, { request: 'answer' });
  };
  const observed = [inFlight, slots, busy, threads, replaced, retries];
  meter.addBatchObservableCallback(observe, observed);
  return () => {
    stopListening();
    meter.removeBatchObservableCallback(observe, observed);
  };
}

/** The SDK's default bucket boundaries suit milliseconds. These are in seconds, up to the 15 minutes of a function. */
const SECONDS = {
  unit: 's',
  advice: {
    explicitBucketBoundaries: [
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
      300, 900,
    ],
  },
};
