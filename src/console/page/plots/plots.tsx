import type { StatsSample } from '../../messages.ts';
import { count, duration, percent } from '../state/format.ts';
import { samples } from '../state/store.ts';
import { Plot } from './plot.tsx';
import type { PlotProps } from './plot.tsx';

/** The metrics, second by second. */
export function Plots() {
  const last = samples.value.at(-1);
  return (
    <section class="plots" aria-label="Figures of the last minute">
      {PLOTS.map(({ now, ...plot }) => (
        <Plot key={plot.title} {...plot} samples={samples.value} now={last === undefined ? '–' : now(last)} />
      ))}
    </section>
  );
}

type Described = Omit<PlotProps, 'samples' | 'now'> & { readonly now: (last: StatsSample) => string };

const PLOTS: readonly Described[] = [
  {
    title: 'Throughput',
    series: [{ colour: '--response', fill: true, value: ({ perSecond }) => perSecond }],
    unit: '/s',
    now: ({ perSecond }) => `${count(perSecond)} /s`,
  },
  {
    title: 'Duration',
    series: [
      { colour: '--open', name: ({ p50 }) => `p50 ${duration(p50)}`, value: ({ p50 }) => p50 },
      { colour: '--error', name: ({ p99 }) => `p99 ${duration(p99)}`, value: ({ p99 }) => p99 },
    ],
    unit: 'ms',
    now: () => '',
  },
  {
    title: 'Threads busy',
    series: [{ colour: '--open', fill: true, value: threadsBusy }],
    unit: '%',
    most: 100,
    now: (last) => (threadsBusy(last) === undefined ? 'no threads' : percent((threadsBusy(last) ?? 0) / 100)),
  },
  {
    title: 'Main thread busy',
    series: [{ colour: '--deadline', fill: true, value: ({ mainThread }) => mainThread * 100 }],
    unit: '%',
    most: 100,
    now: ({ mainThread }) => percent(mainThread),
  },
];

/** The mean utilization of the threads, in percent; undefined in single mode. */
function threadsBusy({ threads }: StatsSample): number | undefined {
  const parts = Object.values(threads);
  return parts.length === 0 ? undefined : (100 * parts.reduce((sum, part) => sum + part, 0)) / parts.length;
}
