/**
 * Metrics of a runtime for CloudWatch, in lines of its embedded metric format.
 *
 * @module lambda-managed-runtime/emf
 */
import { availableParallelism } from 'node:os';
import { INVOCATION_CHANNEL, subscribeToChannel } from '../observability/channels.ts';
import type { PublishedInvocation } from '../observability/channels.ts';
import { rounded } from '../observability/stats.ts';
import type { RuntimeStats, StatsSource } from '../observability/stats.ts';

/** Options of {@link emitEmf}. */
export interface EmfOptions {
  /** CloudWatch's namespace. Default `LambdaManagedRuntime`. */
  readonly namespace?: string;
  /** How often a line is written, in ms. Default 60,000. */
  readonly intervalMs?: number;
  /** Names and values of the metrics' dimensions. Default: `FunctionName`, with the function's name. */
  readonly dimensions?: Readonly<Record<string, string>>;
  /** Takes a line, its line break included. Default: `process.stdout.write`. */
  readonly write?: (line: string) => void;
}

/**
 * Writes metrics of a runtime in CloudWatch's embedded metric format, at an interval: those that tell whether
 * `PerExecutionEnvironmentMaxConcurrency` is right. To be called before `run()`.
 *
 * @param runtime The runtime to tell of.
 * @param options Where what is left out is the default.
 * @returns What ends it, which writes what has come since the last line.
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
  const dispatch = new MetricSample();
  const duration = new MetricSample();
  let mostInFlight = 0;
  let last = { stats: runtime.stats(), atMs: performance.now() };

  const ended = ({ report }: PublishedInvocation) => {
    if (report === undefined) return;
    duration.add(report.durationMs);
    if (report.dispatchMs !== undefined) dispatch.add(report.dispatchMs);
    mostInFlight = Math.max(mostInFlight, report.inFlight);
  };
  const emit = () => {
    const now = { stats: runtime.stats(), atMs: performance.now() };
    const metrics: Metric[] = [
      ...since(last.stats, now.stats, now.atMs - last.atMs),
      { name: 'InFlightMax', unit: 'Count', value: mostInFlight },
      { name: 'DispatchWaitMax', unit: 'Milliseconds', value: dispatch.max },
      { name: 'DispatchWait', unit: 'Milliseconds', value: dispatch.take() },
      { name: 'Duration', unit: 'Milliseconds', value: duration.take() },
    ];
    mostInFlight = 0;
    last = now;
    write(emfLine(namespace, options.dimensions ?? { FunctionName: now.stats.functionName }, metrics));
  };

  const stopListening = subscribeToChannel(INVOCATION_CHANNEL, { asyncEnd: ended });
  const timer = setInterval(emit, intervalMs).unref();
  return () => {
    clearInterval(timer);
    if (stopListening()) emit();
  };
}

function writeToStdout(line: string): void {
  process.stdout.write(line);
}

/** What has come between two looks at the figures. */
function since(before: RuntimeStats, now: RuntimeStats, ms: number): Metric[] {
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

/** Of the threads that run handlers, which in single mode is the main thread. */
function activeMs(now: RuntimeStats, before: RuntimeStats): number {
  if (now.threads.each.length === 0) return now.mainThread.activeMs - before.mainThread.activeMs;
  const earlier = new Map(before.threads.each.map(({ thread, activeMs }) => [thread, activeMs]));
  return now.threads.each.reduce(
    (sum, { thread, activeMs }) => sum + activeMs - (earlier.get(thread) ?? 0),
    0,
  );
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** One metric of a line; of several values CloudWatch makes its own statistics. */
interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'Milliseconds' | 'Percent';
  readonly value: number | readonly number[];
}

/** A line of CloudWatch's embedded metric format, with its end. A metric without any value is left out. */
function emfLine(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metrics: readonly Metric[],
): string {
  const given = metrics.filter(({ value }) => typeof value === 'number' || value.length > 0);
  const document = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: given.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(given.map(({ name, value }) => [name, value])),
  };
  return `${JSON.stringify(document)}\n`;
}

/** A fair sample of the values of an interval: as many as a metric of CloudWatch takes at once. */
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
    // Each value that was seen has the same chance to be among those that are kept.
    const place = Math.floor(Math.random() * this.#seen);
    if (place < MAX_VALUES) this.#values[place] = value;
  }

  /** What there is, and begins anew. */
  take(): readonly number[] {
    const values = this.#values;
    this.#values = [];
    this.#seen = 0;
    this.max = 0;
    return values;
  }
}

const MAX_VALUES = 100;
