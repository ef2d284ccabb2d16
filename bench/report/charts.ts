import { METRICS } from '../scenarios/scenario.ts';
import { SCENARIOS } from '../scenarios/all.ts';
import { SHAPE_PAYLOADS, SHAPE_SLOTS } from '../scenarios/shape.ts';
import { median } from '../runner/median.ts';
import type { Metric } from '../scenarios/scenario.ts';
import { FRAME, line, lineChart } from './chart-options.ts';
import type { RunRecord } from './record.ts';

/** A chart: heading, caption and echarts options. */
export interface Chart {
  readonly title: string;
  readonly note: string;
  readonly height: number;
  readonly option: object;
}

/** Creates the charts for which a record has data. */
export function charts(record: RunRecord): Chart[] {
  return [
    ...latencyCharts(record),
    ...poolSizeCharts(record),
    ...payloadCharts(record),
    ...splitCharts(record),
    ...barCharts(record, 'peakMiB', 'memory-', 'Peak memory'),
    ...barCharts(record, 'startMs', 'start-', 'Start to first /next'),
  ];
}

function latencyCharts({ samples }: RunRecord): Chart[] {
  const measured = samples.filter(
    ({ scenario, latencies }) => latencies && !/^(shape|memory)-/.test(scenario),
  );
  const groups = Map.groupBy(measured, ({ scenario }) => scenario);
  return [...groups].map(([scenario, group]) => {
    const className = Object.keys(group[0]?.latencies ?? {}).find((name) => name === 'short') ?? 'all';
    const series = [...Map.groupBy(group, ({ label }) => label)].map(([label, rounds]) => {
      const reports = rounds.flatMap(({ latencies }) => latencies?.[className] ?? []);
      const percentiles = (reports[0]?.percentiles ?? []).map(([percentile]) => percentile);
      return line(
        label,
        percentiles.map((percentile, index) => [
          String(percentile),
          median(reports.map((report) => report.percentiles[index]?.[1] ?? Number.NaN)),
        ]),
      );
    });
    return {
      title: `Latency: ${titleOf(scenario)}`,
      note: 'ms by percentile, from due time to answer; the lower and the flatter, the better.',
      height: 320,
      option: lineChart(series, { type: 'category', name: 'percentile' }, 'ms'),
    };
  });
}

function poolSizeCharts({ splits }: RunRecord): Chart[] {
  const points = SHAPE_SLOTS.map((slots) => ({ id: `shape-slots-${slots}`, x: slots }));
  return [
    growth(
      splits,
      points,
      'rate',
      'Throughput by pool size (no-op, a thread for each slot)',
      'invocations/s',
      'slots',
    ),
    growth(splits, points, 'main', 'Main thread by pool size (no-op)', 'CPU µs/invocation', 'slots'),
  ].flat();
}

function payloadCharts({ splits }: RunRecord): Chart[] {
  const points = SHAPE_PAYLOADS.map((bytes) => ({ id: `shape-payload-${bytes}`, x: bytes }));
  return growth(
    splits,
    points,
    'main',
    'Main thread by payload (echo, 8 slots)',
    'CPU µs/invocation',
    'bytes',
  );
}

function growth(
  splits: RunRecord['splits'],
  points: ReadonlyArray<{ id: string; x: number }>,
  figure: 'rate' | 'main',
  title: string,
  unit: string,
  axis: string,
): Chart[] {
  const labels = [
    ...new Set(
      splits.filter(({ scenario }) => points.some(({ id }) => id === scenario)).map(({ label }) => label),
    ),
  ];
  if (labels.length === 0) return [];
  const series = labels.map((label) =>
    line(
      label,
      points.flatMap(({ id, x }) => {
        const split = splits.find((each) => each.scenario === id && each.label === label);
        // A logarithmic axis cannot show zero, which is the value of aws-lambda-ric's main thread.
        return split === undefined || split[figure] < 0.1 ? [] : [[x, split[figure]]];
      }),
    ),
  );
  return [
    {
      title,
      note: `${unit}; both axes are logarithmic.`,
      height: 340,
      option: lineChart(
        series.filter(({ data }) => data.length > 0),
        { type: 'log', name: axis },
        unit,
      ),
    },
  ];
}

function splitCharts({ splits }: RunRecord): Chart[] {
  return [...Map.groupBy(splits, ({ scenario }) => scenario)]
    .filter(([scenario]) => !/^(shape|memory)-/.test(scenario))
    .map(([scenario, group]) => ({
      title: `CPU time: ${titleOf(scenario)}`,
      note: 'µs per invocation: main thread, worker threads, the rest (libuv’s pool, V8’s helpers).',
      height: 120 + 34 * group.length,
      option: {
        ...FRAME,
        xAxis: { type: 'value', name: 'µs' },
        yAxis: { type: 'category', inverse: true, data: group.map(({ label }) => label) },
        series: (['main', 'threads', 'rest'] as const).map((part) => ({
          name: part === 'main' ? 'main thread' : part,
          type: 'bar',
          stack: 'cpu',
          data: group.map((split) => Number(split[part].toFixed(1))),
        })),
      },
    }));
}

function barCharts({ samples }: RunRecord, metric: Metric, prefix: string, title: string): Chart[] {
  const own = samples.filter(
    (sample) => sample.scenario.startsWith(prefix) && sample.metrics[metric] !== undefined,
  );
  if (own.length === 0) return [];
  const scenarios = [...new Set(own.map(({ scenario }) => scenario))];
  const labels = [...new Set(own.map(({ label }) => label))];
  const value = (scenario: string, label: string): number | undefined => {
    const values = own
      .filter((sample) => sample.scenario === scenario && sample.label === label)
      .flatMap(({ metrics }) => metrics[metric] ?? []);
    return values.length === 0 ? undefined : Number(median(values).toFixed(1));
  };
  return [
    {
      title,
      note: `${METRICS[metric].title}; the lower, the better.`,
      height: 300,
      option: {
        ...FRAME,
        xAxis: { type: 'category', data: scenarios.map(titleOf) },
        yAxis: { type: 'value', name: METRICS[metric].title },
        series: labels.map((label) => ({
          name: label,
          type: 'bar',
          data: scenarios.map((scenario) => value(scenario, label) ?? null),
          label: { show: true, position: 'top' },
        })),
      },
    },
  ];
}

function titleOf(id: string): string {
  return SCENARIOS.find((scenario) => scenario.id === id)?.title ?? id;
}
