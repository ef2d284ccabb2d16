import { METRICS } from '../scenarios/scenario.ts';
import { charts } from './charts.ts';
import type { Chart } from './charts.ts';
import { percent, shortNumber } from '../../src/cli/bench/measurement.ts';
import { contextLines } from './record.ts';
import type { RunRecord } from './record.ts';
import type { Figure } from './summary.ts';

/**
 * Formats the record as a self-contained HTML page with SVG charts. Resolves with undefined if echarts is not installed.
 */
export async function renderHtml(record: RunRecord): Promise<string | undefined> {
  const library = await loadECharts();
  if (library === undefined) return undefined;
  const about = contextLines(record.about).map((line) => `<p>${escaped(line)}</p>`);
  const figures = charts(record).map(
    (chart) =>
      `<figure><figcaption><h2>${escaped(chart.title)}</h2><p>${escaped(chart.note)}</p></figcaption>` +
      `${draw(library, chart)}</figure>`,
  );
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>lambda-managed-runtime: benchmark</title>` +
    `<style>${STYLE}</style></head><body><h1>lambda-managed-runtime: benchmark</h1><header>${about.join('')}</header>` +
    `${goalTable(record)}${notes(record)}<main>${figures.join('')}</main></body></html>\n`
  );
}

/** The part of echarts that is used. It is declared here, because only bench/package.json depends on the package. */
interface ECharts {
  init(
    element: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(option: object): void; renderToSVGString(): string; dispose(): void };
}

async function loadECharts(): Promise<ECharts | undefined> {
  const name: string = 'echarts';
  try {
    return (await import(name)) as ECharts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function draw(library: ECharts, { option, height }: Chart): string {
  const chart = library.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

const WIDTH = 860;

function goalTable({ goals }: RunRecord): string {
  if (goals.length === 0) return '';
  const rows = goals.map((row) => {
    const { title, better } = METRICS[row.metric];
    const met = row.met === undefined ? '–' : row.met ? 'yes' : 'no';
    const cells = [
      row.title,
      title,
      shown(row.ours),
      row.reference?.label ?? row.against,
      shown(row.reference),
      shortNumber(row.ratio),
      `${better === 'higher' ? '≥' : '≤'} ${row.goal}`,
      met,
      row.others.map((figure) => `${figure.label} ${shortNumber(figure.value)}`).join(', '),
    ];
    return `<tr class="${met}">${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`;
  });
  const head = ['scenario', 'figure', 'ours', 'against', 'its figure', 'ratio', 'goal', 'met', 'others'];
  return `<table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function notes({ absentees, failures, shape }: RunRecord): string {
  const lines = [
    ...absentees.map(({ name, reason }) => `Without ${name}: ${reason}.`),
    ...failures.map((failure) => `${failure.label} failed in ${failure.scenario}: ${failure.message}`),
    ...(shape?.fullAt ?? []).map(
      ({ scenario, mainUs, perSecond }) =>
        `${scenario}: ${shortNumber(mainUs)} µs of the main thread, full at ${shortNumber(perSecond)} invocations/s`,
    ),
  ];
  return lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;
}

function shown(figure: Figure | undefined): string {
  return figure === undefined ? '–' : `${shortNumber(figure.value)} ±${percent(figure.spread)}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
header p, figcaption p { margin: 0; color: #57606a; font-size: 13px; }
table { border-collapse: collapse; font-size: 13px; margin: 1.5rem 0; }
th, td { border-bottom: 1px solid #d8dee4; padding: 4px 8px; text-align: left; vertical-align: top; }
td:nth-child(3), td:nth-child(5), td:nth-child(6) { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.yes td:nth-child(8) { color: #1a7f37; } tr.no td:nth-child(8) { color: #cf222e; font-weight: 600; }
figure { margin: 2rem 0; } h2 { font-size: 16px; margin: 0; } svg { max-width: 100%; height: auto; }
`;
