import type { Measurement } from './measurement.ts';
import { isShared } from './setup.ts';

/** A plot by number of slots. */
export interface Plot {
  readonly title: string;
  readonly unit: string;
  /** Numbers of slots, ascending. */
  readonly slots: readonly number[];
  readonly lines: readonly Line[];
  /** Whether the axis of values is logarithmic. */
  readonly log: boolean;
}

interface Line {
  readonly label: string;
  /** One for each number of slots; null where it was not measured. */
  readonly values: ReadonlyArray<number | null>;
}

/** What is drawn. */
export function plots(measured: readonly Measurement[]): Plot[] {
  const slots = [...new Set(measured.map((each) => each.slots))].sort((a, b) => a - b);
  const series = [
    { suffix: '', some: measured.filter((each) => !isShared(each)) },
    { suffix: ', shared threads', some: measured.filter(isShared) },
  ].filter(({ some }) => some.length > 0);
  const plot = (title: string, unit: string, figures: Figures, log = false): Plot => ({
    title,
    unit,
    slots,
    log,
    lines: Object.entries(figures).flatMap(([label, figure]) =>
      series.map(({ suffix, some }) => ({
        label: `${label}${suffix}`,
        values: slots.map((count) => {
          const found = some.find((each) => each.slots === count);
          const value = found === undefined ? undefined : figure(found);
          return value === undefined ? null : value;
        }),
      })),
    ),
  });
  return [
    plot('Throughput', 'invocations/s', { throughput: (each) => each.perSecond }),
    plot(
      'Latency, each slot busy all the time',
      'ms',
      {
        p50: (each) => each.latencyMs.p50,
        p90: (each) => each.latencyMs.p90,
        p99: (each) => each.latencyMs.p99,
      },
      true,
    ),
    ...rates(measured).map((rate) =>
      plot(
        `Latency at ${rate} events/s`,
        'ms',
        { p50: at(rate, 'p50'), p90: at(rate, 'p90'), p99: at(rate, 'p99') },
        true,
      ),
    ),
    plot('Cores kept busy', 'cores', { cores: (each) => each.cpu.cores }),
    plot('Peak memory', 'MiB', { 'resident memory': (each) => each.peakMemoryMiB }),
  ];
}

type Figures = Readonly<Record<string, (each: Measurement) => number | undefined>>;

function rates(measured: readonly Measurement[]): number[] {
  return [...new Set(measured.flatMap((each) => each.rates.map(({ perSecond }) => perSecond)))];
}

function at(rate: number, percentile: 'p50' | 'p90' | 'p99') {
  return (each: Measurement): number | undefined => {
    const found = each.rates.find(({ perSecond }) => perSecond === rate);
    return found !== undefined && 'latencyMs' in found ? found.latencyMs[percentile] : undefined;
  };
}
