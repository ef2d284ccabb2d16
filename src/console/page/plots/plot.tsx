import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { StatsSample } from '../../messages.ts';
import { serverNow } from '../state/store.ts';
import { colourOf, isDark } from '../state/theme.ts';

export interface PlotProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly unit: string;
  /** The maximum of the scale. Default: the maximum value. */
  readonly most?: number;
  readonly samples: readonly StatsSample[];
  /** The latest value, as text. */
  readonly now: string;
}

interface Series {
  /** A custom property of the style sheet. */
  readonly colour: string;
  /** The label of the series in a plot with several. */
  readonly name?: (last: StatsSample) => string;
  readonly fill?: boolean;
  readonly value: (sample: StatsSample) => number | undefined;
}

/** A plot of the last minute. */
export function Plot({ title, series, unit, most, samples, now }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const last = samples.at(-1);
  const names = series.flatMap(({ name }) => (name === undefined || last === undefined ? [] : name(last)));
  const described = [`${title} in ${unit}, last second:`, now, ...names].join(' ');
  const dark = isDark.value;
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(options(element, series, most), dataOf(samples, series), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(sizeOf(element)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [dark]);
  useEffect(() => plot.current?.setData(dataOf(samples, series)), [samples]);
  return (
    <figure class="panel plot">
      <figcaption>
        <span>{title}</span>
        {series.map(
          ({ name, colour }) =>
            name !== undefined &&
            last !== undefined && (
              <span key={colour} class="plot-series">
                <span class="swatch" style={{ background: `var(${colour})` }} />
                {name(last)}
              </span>
            ),
        )}
        <strong>{now}</strong>
      </figcaption>
      <div ref={place} class="plot-canvas" role="img" aria-label={described} />
    </figure>
  );
}

function options(element: HTMLElement, series: readonly Series[], most: number | undefined): uPlot.Options {
  const muted = colourOf('--muted');
  const line = { stroke: colourOf('--line'), width: 1 };
  const axis = { stroke: muted, font: '10px system-ui', ticks: { show: false }, grid: line };
  return {
    ...sizeOf(element),
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 4, 8, 0],
    scales: {
      x: { time: true, range: () => [serverNow() / 1000 - SHOWN_S, serverNow() / 1000] },
      y: { range: (_plot, _least, highest) => [0, most ?? Math.max(1, (highest ?? 0) * 1.15)] },
    },
    axes: [
      { show: false },
      { ...axis, size: 34, gap: 2, space: 22, values: (_plot, values) => values.map((each) => short(each)) },
    ],
    series: [
      {},
      ...series.map(({ colour, fill }) => ({
        stroke: colourOf(colour),
        width: 1.5,
        spanGaps: true,
        points: { size: 3 },
        ...(fill === true && { fill: colourOf(`${colour}-soft`) }),
      })),
    ],
  };
}

const SHOWN_S = 60;

function dataOf(samples: readonly StatsSample[], series: readonly Series[]): uPlot.AlignedData {
  const recent = samples.slice(-SHOWN_S - 2);
  return [
    recent.map(({ at }) => at / 1000),
    ...series.map(({ value }) => recent.map((sample) => value(sample) ?? null)),
  ];
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(60, element.clientWidth), height: Math.max(40, element.clientHeight) };
}

function short(value: number): string {
  return value >= 10_000 ? `${value / 1000}k` : String(value);
}
