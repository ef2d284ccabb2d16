import type { Comparison, SizeResult } from './comparison.ts';
import { isRecommended } from './comparison.ts';
import { counted, describeSetup, isShared, shortNumber } from './measurement.ts';

/** A line of a plot. */
interface Line {
  readonly label: string;
  /** The classes of the page's style sheet: a colour, from `calm` to `severe`, `dashed`, `hollow`. */
  readonly style: string;
  readonly points: readonly (readonly [slots: number, value: number])[];
}

interface Plot {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Where a line marks the recommended size. */
  readonly recommended: number | undefined;
}

/** Draws the plots of a comparison as SVG, each with its legend. */
export function plots(comparison: Comparison, escaped: (text: string) => string): string {
  const { measurements, recommendation } = comparison;
  const recommended = recommendation?.size.slots;
  const lines = (label: string, style: string, metric: (each: SizeResult) => number | undefined): Line[] =>
    [
      { label, style, some: measurements.filter((each) => !isShared(each)) },
      { label: `${label}, shared threads`, style: `${style} hollow`, some: measurements.filter(isShared) },
    ]
      .map(({ label: text, style: classes, some }) => ({
        label: text,
        style: classes,
        points: some.flatMap((each): [number, number][] => {
          const value = metric(each);
          return value === undefined ? [] : [[each.slots, value]];
        }),
      }))
      .filter(({ points }) => points.length > 0);
  const rates = [...new Set(measurements.flatMap((each) => each.rates.map(({ perSecond }) => perSecond)))];
  const all: Plot[] = [
    {
      title: 'Throughput, invocations per second',
      recommended,
      lines: [
        ...lines('observed', 'calm', (each) => each.perSecond),
        ...lines('possible', 'calm dashed', (each) => each.possiblePerSecond),
      ],
    },
    {
      title: 'Latency with all slots busy, ms',
      recommended,
      lines: [
        ...lines('p50', 'calm', (each) => each.latencyMs.p50),
        ...lines('p99', 'severe', (each) => each.latencyMs.p99),
      ],
    },
    ...rates.map((rate) => ({
      title: `Latency at ${rate} events per second, ms`,
      recommended,
      lines: (['p50', 'p99'] as const).flatMap((percentile) =>
        lines(percentile, percentile === 'p50' ? 'calm' : 'severe', (each) => {
          const found = each.rates.find(({ perSecond }) => perSecond === rate);
          return found !== undefined && 'latencyMs' in found ? found.latencyMs[percentile] : undefined;
        }),
      ),
    })),
    {
      title: 'Efficiency, % of the ideal throughput',
      recommended,
      lines: lines('efficiency', 'calm', (each) => each.efficiency * 100),
    },
    {
      title: 'Cost of 1,000 invocations, vCPU-seconds',
      recommended,
      lines: lines('cost', 'calm', (each) => each.costPerThousand.vCpuSeconds),
    },
    { title: 'Peak memory, MiB', recommended, lines: lines('memory', 'calm', (each) => each.peakMemoryMiB) },
  ];
  return all
    .filter((plot) => plot.lines.length > 0)
    .map((plot) => figure(plot, escaped))
    .join('');
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [340, 220, 48, 10, 12, 26];

function figure({ title, lines, recommended }: Plot, escaped: (text: string) => string): string {
  const points = lines.flatMap((line) => line.points);
  const slots = [...new Set(points.map(([count]) => count))].sort((a, b) => a - b);
  const [least = 1, most = 1] = [slots[0], slots.at(-1)];
  const ticks = ticksUpTo(Math.max(...points.map(([, value]) => value)));
  const highest = ticks.at(-1) ?? 1;
  const range = Math.log(most / least) || 1;
  const x = (count: number): number =>
    LEFT + 8 + (WIDTH - LEFT - RIGHT - 16) * (slots.length === 1 ? 0.5 : Math.log(count / least) / range);
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / highest);
  const at = (value: number): string => value.toFixed(1);
  const isMarked = recommended !== undefined && slots.includes(recommended);
  const labels = withoutOverlap([...(isMarked ? [recommended] : []), most, least, ...slots], x);
  const drawn = [
    ...ticks.map(
      (tick) =>
        `<path class="grid" d="M${LEFT} ${at(y(tick))}H${WIDTH - RIGHT}"/><text x="${LEFT - 5}" y="${at(y(tick) + 4)}" text-anchor="end">${tickLabel(tick)}</text>`,
    ),
    ...labels.map(
      (count) =>
        `<text x="${at(x(count))}" y="${HEIGHT - 8}" text-anchor="middle"${count === recommended ? ' class="marked"' : ''}>${count}</text>`,
    ),
    ...(isMarked ? [`<path class="mark" d="M${at(x(recommended))} ${TOP}V${HEIGHT - BOTTOM}"/>`] : []),
    ...lines.map(({ label, style, points: some }) => {
      const path = some.map(([count, value]) => `${at(x(count))} ${at(y(value))}`).join('L');
      const dots = some.map(
        ([count, value]) =>
          `<circle cx="${at(x(count))}" cy="${at(y(value))}" r="3"><title>${escaped(label)}, ${counted(count, 'slot')}: ${shortNumber(value)}</title></circle>`,
      );
      return `<g class="${style}"><path d="M${path}"/>${dots.join('')}</g>`;
    }),
  ];
  const legend = [
    ...lines.map(({ label, style }) => key(style, 'M0 4H24', label, escaped)),
    ...(isMarked ? [key('mark', 'M12 0V8', 'recommended', escaped)] : []),
  ];
  return (
    `<figure><figcaption>${escaped(title)}</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}, for each number of slots">${drawn.join('')}</svg>` +
    `<ul class="legend">${legend.join('')}</ul></figure>`
  );
}

function key(style: string, path: string, label: string, escaped: (text: string) => string): string {
  const dot = style === 'mark' ? '' : '<circle cx="12" cy="4" r="3"/>';
  return `<li><svg viewBox="0 0 24 8" class="key ${style}" aria-hidden="true"><path d="${path}"/>${dot}</svg>${escaped(label)}</li>`;
}

/** Round numbers from 0 to at least the given value, about five. */
function ticksUpTo(value: number): number[] {
  const part = value / 4 || 0.25;
  const power = 10 ** Math.floor(Math.log10(part));
  const step = power * (STEPS.find((each) => each * power >= part) ?? 10);
  return Array.from({ length: Math.max(1, Math.ceil(value / step - TINY)) + 1 }, (_, index) => index * step);
}

const STEPS = [1, 2, 2.5, 5];
/** The error of a division whose result is a whole number. */
const TINY = 1e-9;

function tickLabel(tick: number): string {
  return tick.toLocaleString('en-US', {
    maximumSignificantDigits: 3,
    notation: tick < 1e6 ? 'standard' : 'compact',
  });
}

/** The numbers whose labels fit beside those of earlier ones. */
function withoutOverlap(counts: readonly number[], x: (count: number) => number): number[] {
  const fitting: number[] = [];
  const width = (count: number): number => String(count).length * DIGIT_WIDTH;
  for (const count of counts) {
    const isFree = (other: number): boolean =>
      Math.abs(x(count) - x(other)) > (width(count) + width(other)) / 2 + LABEL_GAP;
    if (fitting.every(isFree)) fitting.push(count);
  }
  return fitting;
}

/** At the font size of the page's style sheet, bold. */
const DIGIT_WIDTH = 7.5;
const LABEL_GAP = 3;

/** Draws the distribution of latencies of each size. */
export function distributions(comparison: Comparison, escaped: (text: string) => string): string {
  return comparison.measurements
    .filter(({ histogram }) => histogram.length > 0)
    .map((each) => {
      const { histogram } = each;
      const most = Math.max(...histogram.map(({ count }) => count));
      const width = WIDTH / histogram.length;
      const bars = histogram.map(
        ({ fromMs, toMs, count }, index) =>
          `<rect x="${(index * width).toFixed(1)}" y="${(80 - (70 * count) / most).toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${((70 * count) / most).toFixed(1)}"><title>${shortNumber(fromMs)} to ${shortNumber(toMs)} ms: ${count}</title></rect>`,
      );
      const title = `${describeSetup(each)}${isRecommended(each, comparison) ? ' (recommended)' : ''}`;
      return (
        `<figure><figcaption>${escaped(title)}</figcaption><svg viewBox="0 0 ${WIDTH} 98" role="img" aria-label="Latencies with ${escaped(title)}">` +
        `<g class="bars">${bars.join('')}</g><text x="0" y="95">${shortNumber(histogram[0]?.fromMs)} ms</text>` +
        `<text x="${WIDTH}" y="95" text-anchor="end">${shortNumber(histogram.at(-1)?.toMs)} ms</text></svg></figure>`
      );
    })
    .join('');
}
