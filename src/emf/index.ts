/**
 * Publishes metrics of a runtime to CloudWatch in the embedded metric format (EMF).
 *
 * @module lambda-managed-runtime/emf
 */
import { availableParallelism } from 'node:os';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';
import { INVOCATION_CHANNEL, subscribeToChannel } from '../observability/channels.ts';
import type { PublishedInvocation } from '../observability/channels.ts';
import { rounded } from '../observability/stats.ts';
import type { RuntimeStats, StatsSource } from '../observability/stats.ts';

/** Options of {@link emitEmf}. */
export interface EmfOptions {
  /** The CloudWatch namespace. Default: `LambdaManagedRuntime`. */
  readonly namespace?: string;
  /** The interval between lines, in ms: more than 0, at most 2,147,483,647. Default: 60,000. */
  readonly intervalMs?: number;
  /** Names and values of the metrics' dimensions. Default: `FunctionName` with the function's name. */
  readonly dimensions?: Readonly<Record<string, string>>;
  /** Writes one line, which includes its line break. Default: `process.stdout.write`. */
  readonly write?: (line: string) => void;
}

/**
 * Writes metrics of a runtime as lines in CloudWatch's embedded metric format at a fixed interval. The metrics show
 * whether `PerExecutionEnvironmentMaxConcurrency` is right. Call it before `run()`.
 *
 * @param runtime The runtime whose metrics are written.
 * @param options Namespace, interval, dimensions and output. All are optional.
 * @returns A function that stops the emitter. Its first call writes one last line, with the metrics since the previous one.
 * @throws RangeError if `intervalMs` is not in its range.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * @example
 * ```ts
 * import { createManagedRuntime } from 'lambda-managed-runtime';
 * import { emitEmf } from 'lambda-managed-runtime/emf';
 *
 * const runtime = createManagedRuntime(new URL('./handler.js', import.meta.url));
 * const stop = emitEmf(runtime, { namespace: 'Pictures', intervalMs: 30_000 });
 * await runtime.run();
 * stop();
 * ```
 */
export function emitEmf(runtime: StatsSource, options: EmfOptions = {}): () => void {
  const { namespace = 'LambdaManagedRuntime', intervalMs = 60_000, write = writeToStdout } = options;
  // A timer with another interval would fire every millisecond.
  if (!(intervalMs > 0 && intervalMs <= LONGEST_TIMER_MS))
    throw new RangeError(
      `intervalMs must be more than 0 and at most ${LONGEST_TIMER_MS}, but it is ${intervalMs}`,
    );
  const dispatch = new MetricSample();
  const duration = new MetricSample();
  let maxInFlight = 0;
  let last = { stats: runtime.stats(), atMs: performance.now() };

  const onEnd = ({ report }: PublishedInvocation) => {
    if (report === undefined) return;
    duration.add(report.durationMs);
    if (report.dispatchMs !== undefined) dispatch.add(report.dispatchMs);
    maxInFlight = Math.max(maxInFlight, report.inFlight);
  };
  const emit = () => {
    const now = { stats: runtime.stats(), atMs: performance.now() };
    const metrics: Metric[] = [
      ...metricsBetween(last.stats, now.stats, now.atMs - last.atMs),
      { name: 'InFlightMax', unit: 'Count', value: maxInFlight },
      { name: 'DispatchWaitMax', unit: 'Milliseconds', value: dispatch.max },
      { name: 'DispatchWait', unit: 'Milliseconds', value: dispatch.take() },
      { name: 'Duration', unit: 'Milliseconds', value: duration.take() },
    ];
    maxInFlight = 0;
    last = now;
    write(emfLine(namespace, options.dimensions ?? { FunctionName: now.stats.functionName }, metrics));
  };

  const stopListening = subscribeToChannel(INVOCATION_CHANNEL, { asyncEnd: onEnd });
  const timer = setInterval(emit, intervalMs).unref();
  return () => {
    clearInterval(timer);
    if (stopListening()) emit();
  };
}

function writeToStdout(line: string): void {
  process.stdout.write(line);
}

/** Computes the metrics of the interval between two snapshots. */
function metricsBetween(before: RuntimeStats, now: RuntimeStats, ms: number): Metric[] {
  const count = (name: string, of: (stats: RuntimeStats) => number): Metric => ({
    name,
    unit: 'Count',
    value: of(now) - of(before),
  });
  const percent = (name: string, spentMs: number, of: number): Metric => ({
    name,
    unit: 'Percent',
    value: of === 0 || ms === 0 ? 0 : rounded(Math.min(100, Math.max(0, (100 * spentMs) / (ms * of)))),
  });
  return [
    percent('SlotUtilization', now.slots.busyMs - before.slots.busyMs, now.slots.total),
    percent('ThreadUtilization', activeMs(now, before), Math.max(1, now.threads.each.length)),
    percent('CpuUtilization', now.processCpuMs - before.processCpuMs, availableParallelism()),
    count('Invocations', ({ received }) => received),
    count('Errors', ({ answered }) => answered.error),
    count('Crashes', ({ answered }) => answered.crash),
    count('DeadlineMisses', ({ missedDeadlines }) => missedDeadlines),
    count('ThreadsReplaced', ({ threads }) => total(threads.replaced)),
    count('RuntimeApiRetries', ({ runtimeApi }) => runtimeApi.pollRetries + runtimeApi.answerRetries),
    { name: 'Threads', unit: 'Count', value: now.threads.idle + now.threads.busy },
  ];
}

/** Active time of the threads that run handlers. In single mode that is the main thread. */
function activeMs(now: RuntimeStats, before: RuntimeStats): number {
  const { each, replaced } = now.threads;
  // The only thread may be gone while its replacement is delayed; single mode replaces none.
  const isSingleMode = each.length === 0 && total(replaced) === 0;
  if (isSingleMode) return now.mainThread.activeMs - before.mainThread.activeMs;
  const earlier = new Map(before.threads.each.map(({ thread, activeMs }) => [thread, activeMs]));
  return each.reduce((sum, { thread, activeMs }) => sum + activeMs - (earlier.get(thread) ?? 0), 0);
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** One metric of a line. For an array of values, CloudWatch computes the statistics. */
interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'Milliseconds' | 'Percent';
  readonly value: number | readonly number[];
}

/** Formats one EMF line, including the line break. Metrics without values are omitted. */
function emfLine(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metrics: readonly Metric[],
): string {
  const present = metrics.filter(({ value }) => typeof value === 'number' || value.length > 0);
  const document = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: present.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(present.map(({ name, value }) => [name, value])),
  };
  return `${JSON.stringify(document)}\n`;
}

/** A uniform random sample of an interval's values, limited to the number of values that EMF allows per metric. */
class MetricSample {
  max = 0;
  #values: number[] = [];
  #seen = 0;

  add(value: number): void {
    this.max = Math.max(this.max, value);
    this.#seen += 1;
    if (this.#values.length < MAX_VALUES) {
      this.#values.push(value);
      return;
    }
    // Reservoir sampling: every value has the same probability of being kept.
    const index = Math.floor(Math.random() * this.#seen);
    if (index < MAX_VALUES) this.#values[index] = value;
  }

  /** Returns the sample and starts a new interval. */
  take(): readonly number[] {
    const values = this.#values;
    this.#values = [];
    this.#seen = 0;
    this.max = 0;
    return values;
  }
}

const MAX_VALUES = 100;
