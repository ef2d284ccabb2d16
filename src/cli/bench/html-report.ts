import { readFileSync } from 'node:fs';
import { UPLOT } from '../../package-files.ts';
import { isShared } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { flameGraph } from './flame-graph.ts';
import { functionColumns, profileLegend } from './profile.ts';
import type { BenchProfile } from './profile.ts';
import { contextLines, recommendedSettings } from './comparison.ts';
import type { BenchRecord } from './comparison.ts';
import { RATE_LEGEND, SETUP_LEGEND, rateColumns, setupColumns } from './terminal-report.ts';
import type { Columns } from './terminal-report.ts';

/** Formats the record as a self-contained HTML page: uPlot and the measurements are inlined. */
export function htmlReport(record: BenchRecord): string {
  const atRates = rateColumns(record);
  const { recommendation, noRecommendation, problems, caveats, measurements, profile } = record;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>bench: ${escaped(record.about.workerFile)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>${asset('uPlot.min.css')}${STYLE}</style></head><body>
<h1>Slots for ${escaped(record.about.workerFile)}</h1>
${problems.length > 0 ? `<h2>UNRELIABLE</h2><ul>${problems.map(item).join('')}</ul>` : ''}
<header>${contextLines(record).map(paragraph).join('')}</header>
<h2>Recommended</h2>
${
  recommendation === null
    ? paragraph(noRecommendation ?? '')
    : table({ head: ['setting', 'value'], rows: recommendedSettings(recommendation) }) +
      `<ul>${recommendation.rationale.map(item).join('')}</ul>`
}
${caveats.length > 0 ? `<h2>Caveats</h2><ul>${caveats.map(item).join('')}</ul>` : ''}
<h2>Measured</h2>
${paragraph(SETUP_LEGEND)}${table(setupColumns(record))}
${atRates.rows.length > 0 ? `${paragraph(RATE_LEGEND)}${table(atRates)}` : ''}
${profile === undefined ? '' : profileSection(profile)}
<main id="plots"></main>
<script>${asset('uPlot.iife.min.js')}</script>
<script>const PLOTS = ${scriptJson(plots(measurements))}, KNEE = ${recommendation?.size.slots ?? null};${DRAW}</script>
</body></html>
`;
}

function profileSection(profile: BenchProfile): string {
  const graph = flameGraph(profile.tree, escaped);
  return `<h2>CPU profile</h2>${paragraph(profileLegend(profile))}${graph}${table(functionColumns(profile), 'functions')}`;
}

/** This script runs in the browser, which is why it is a string. */
const DRAW = `
const COLOURS = ['#0969da', '#cf222e', '#1a7f37', '#9a6700', '#8250df', '#bc4c00'];
for (const { title, unit, slots, lines, log } of PLOTS) {
  const figure = document.getElementById('plots').appendChild(document.createElement('figure'));
  new uPlot({
    title, width: 460, height: 320,
    scales: { x: { time: false, distr: 3, log: 2, range: [slots[0] / 1.2, slots.at(-1) * 1.2] },
              y: log ? { distr: 3 } : { range: (_, low, high) => [0, (high || 1) * 1.1] } },
    axes: [{ label: 'slots', splits: () => slots, values: (_, ticks) => ticks, filter: (_, ticks) => ticks },
           { label: unit, size: 64 }],
    series: [{ label: 'slots' }, ...lines.map(({ label }, index) => ({
      label, stroke: COLOURS[index % COLOURS.length], width: 2, spanGaps: true, points: { show: true, size: 6 },
      value: (_, value) => value === null ? '–' : value.toPrecision(3) }))],
    hooks: { draw: [(plot) => {
      if (KNEE === null) return;
      const x = plot.valToPos(KNEE, 'x', true), { top, height } = plot.bbox, { ctx } = plot;
      ctx.save(); ctx.strokeStyle = '#6e7781'; ctx.setLineDash([4, 4]); ctx.beginPath();
      ctx.moveTo(x, top); ctx.lineTo(x, top + height); ctx.stroke(); ctx.restore();
    }] },
  }, [slots, ...lines.map(({ values }) => values)], figure);
}`;

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 980px; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
header p { margin: 0; color: #57606a; font-size: 13px; } h2 { font-size: 17px; }
table { border-collapse: collapse; font-size: 13px; margin: 1rem 0; }
th, td { border-bottom: 1px solid #d8dee4; padding: 4px 10px; text-align: right; font-variant-numeric: tabular-nums; }
.flame { width: 100%; font: 11px ui-monospace, monospace; } .functions :is(th, td):is(:first-child, :last-child) { text-align: left; }
main { display: flex; flex-wrap: wrap; gap: 16px; } figure { margin: 0; }
`;

/** Reads a file of uPlot's distribution. */
function asset(name: string): string {
  return readFileSync(new URL(name, UPLOT), 'utf8');
}

function table({ head, rows }: Columns, name = ''): string {
  const cells = (tag: string, row: readonly string[]): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table${name && ` class="${name}"`}><thead>${cells('th', head)}</thead><tbody>${rows.map((row) => cells('td', row)).join('')}</tbody></table>`;
}

function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`;
}

function item(text: string): string {
  return `<li>${escaped(text)}</li>`;
}

/** Escapes `<`, because `</script>` in a string would end the script element. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** One plot. The x-axis is the number of slots. */
interface Plot {
  readonly title: string;
  readonly unit: string;
  /** The x values, ascending. */
  readonly slots: readonly number[];
  readonly lines: readonly Line[];
  /** Whether the y-axis is logarithmic. */
  readonly log: boolean;
}

interface Line {
  readonly label: string;
  /** One value for each number of slots; null if that number was not measured. */
  readonly values: ReadonlyArray<number | null>;
}

function plots(measured: readonly Measurement[]): Plot[] {
  const slots = [...new Set(measured.map((each) => each.slots))].sort((a, b) => a - b);
  const series = [
    { suffix: '', some: measured.filter((each) => !isShared(each)) },
    { suffix: ', shared threads', some: measured.filter(isShared) },
  ].filter(({ some }) => some.length > 0);
  const plot = (title: string, unit: string, metrics: PlottedMetrics, log = false): Plot => ({
    title,
    unit,
    slots,
    log,
    lines: Object.entries(metrics).flatMap(([label, metric]) =>
      series.map(({ suffix, some }) => ({
        label: `${label}${suffix}`,
        values: slots.map((count) => {
          const found = some.find((each) => each.slots === count);
          const value = found === undefined ? undefined : metric(found);
          return value === undefined ? null : value;
        }),
      })),
    ),
  });
  return [
    plot('Throughput', 'invocations/s', { throughput: (each) => each.perSecond }),
    plot(
      'Latency with all slots busy',
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
    plot('CPU cores used', 'cores', { cores: (each) => each.cpu.cores }),
    plot('Peak memory', 'MiB', { 'resident memory': (each) => each.peakMemoryMiB }),
  ];
}

type PlottedMetrics = Readonly<Record<string, (each: Measurement) => number | undefined>>;

function rates(measured: readonly Measurement[]): number[] {
  return [...new Set(measured.flatMap((each) => each.rates.map(({ perSecond }) => perSecond)))];
}

function at(rate: number, percentile: 'p50' | 'p90' | 'p99') {
  return (each: Measurement): number | undefined => {
    const found = each.rates.find(({ perSecond }) => perSecond === rate);
    return found !== undefined && 'latencyMs' in found ? found.latencyMs[percentile] : undefined;
  };
}
