import { contextLines, recommendedSettings } from './comparison.ts';
import type { BenchRecord } from './comparison.ts';
import { flameGraph } from './flame-graph.ts';
import { percent, shortNumber } from './measurement.ts';
import { distributions, plots } from './plots.ts';
import { functionColumns, profileLegend } from './profile.ts';
import type { BenchProfile } from './profile.ts';
import { RATE_LEGEND, SETUP_LEGEND, rateColumns, setupColumns } from './terminal-report.ts';
import type { Columns } from './terminal-report.ts';

/** Formats the result as a self-contained HTML page, without scripts. */
export function htmlReport(record: BenchRecord): string {
  const atRates = rateColumns(record);
  const { recommendation, noRecommendation, reliable, problems, caveats, profile } = record;
  const basis = recommendation?.basis === 'cpu-time' ? ' (from CPU time)' : '';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>bench: ${escaped(record.about.workerFile)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>${STYLE}</style></head><body><main>
<h1>Slots for ${escaped(record.about.workerFile)}</h1>
${reliable ? '' : `<section class="unreliable"><h2>UNRELIABLE</h2><ul>${problems.map(item).join('')}</ul></section>`}
<header>${contextLines(record).map(paragraph).join('')}</header>
<h2>Recommended${basis}</h2>
${
  recommendation === null
    ? paragraph(`No recommendation. ${noRecommendation}`)
    : table(
        'Recommended settings',
        { head: ['setting', 'value'], rows: recommendedSettings(recommendation) },
        'settings',
      ) + `<ul>${recommendation.rationale.map(item).join('')}</ul>`
}
${caveats.length > 0 ? `<h2>Caveats</h2><ul>${caveats.map(item).join('')}</ul>` : ''}
<h2>Sizes</h2>
${paragraph('Each plot is drawn against the number of slots.')}
<div class="plots">${plots(record, escaped)}</div>
<h2>Measured</h2>
${paragraph(SETUP_LEGEND)}${table('Measured sizes', setupColumns(record))}
${atRates.rows.length > 0 ? `${paragraph(RATE_LEGEND)}${table('Measured rates', atRates)}` : ''}
<h2>Efficiency and cost</h2>
${paragraph(COST_LEGEND)}${table('Efficiency and cost', costColumns(record))}
<h2>Distribution of latencies</h2>
${paragraph('Logarithmic scale from the shortest to the longest latency, with all slots busy.')}
<div class="plots">${distributions(record, escaped)}</div>
${profile === undefined ? '' : profileSection(profile)}
</main></body></html>
`;
}

function profileSection(profile: BenchProfile): string {
  const graph = flameGraph(profile.tree, escaped);
  return `<h2>CPU profile</h2>${paragraph(profileLegend(profile))}${scrollable('Flame graph', graph)}${table('Functions with the most self time', functionColumns(profile), 'functions')}`;
}

const COST_LEGEND =
  'efficiency: observed throughput ÷ that of slots as fast as in the smallest size, up to what the cores can serve. ' +
  'vCPU-s and GiB-s: what 1,000 invocations occupy of an environment for this size.';

function costColumns({ measurements }: BenchRecord): Columns {
  return {
    head: ['slots', 'threads', 'per s', 'ideal', 'efficiency', 'vCPU-s', 'GiB-s'],
    rows: measurements.map((each) => [
      String(each.slots),
      String(each.threads),
      shortNumber(each.perSecond),
      shortNumber(each.idealPerSecond),
      percent(each.efficiency),
      shortNumber(each.costPerThousand.vCpuSeconds),
      shortNumber(each.costPerThousand.gibSeconds),
    ]),
  };
}

const STYLE = `
:root { color-scheme: light dark; --text: light-dark(#1b1f24, #e6edf3); --muted: light-dark(#57606a, #9da7b3);
  --page: light-dark(#fff, #0d1117); --line: light-dark(#d8dee4, #30363d); --calm: light-dark(#0969da, #58a6ff);
  --severe: light-dark(#cf222e, #ff7b72); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 1.5rem auto; padding: 0 1rem; color: var(--text);
  background: var(--page); overflow-wrap: anywhere; }
p { margin: 0 0 4px; color: var(--muted); font-size: 13px; } h1 { font-size: 22px; } h2 { font-size: 17px; }
.unreliable { border: 2px solid var(--severe); padding: 0 12px; } .unreliable h2 { color: var(--severe); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; margin: 1rem 0; white-space: nowrap; }
th, td { border-bottom: 1px solid var(--line); padding: 4px 8px; text-align: right; font-variant-numeric: tabular-nums; }
.flame { width: 100%; min-width: 960px; font: 11px ui-monospace, monospace; } .flame text { fill: #1b1f24; }
.functions :is(th, td):is(:first-child, :last-child), .settings :is(th, td) { text-align: left; }
.settings { white-space: normal; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 20px; }
figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; font-size: 14px; } figure svg { width: 100%; display: block; }
figure text { fill: var(--muted); font-size: 11px; } .grid { stroke: var(--line); } .mark { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 2 3; }
.calm { --colour: var(--calm); } .severe { --colour: var(--severe); } figure text.marked { fill: var(--text); font-weight: 700; }
:is(.calm, .severe) path { fill: none; stroke: var(--colour); stroke-width: 2; } .dashed path { stroke-dasharray: 6 4; }
circle { fill: var(--colour); stroke: var(--colour); stroke-width: 1.5; } .hollow circle { fill: var(--page); } .bars { fill: var(--calm); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 0; font-size: 13px; }
.legend .key { display: inline-block; width: 24px; height: 8px; margin-right: 6px; }
`;

function table(label: string, { head, rows }: Columns, name = ''): string {
  // A header without text would be announced as one.
  const headers = head.map((text) => (text === '' ? '<td></td>' : `<th scope="col">${escaped(text)}</th>`));
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`);
  return scrollable(
    label,
    `<table${name && ` class="${name}"`}><thead><tr>${headers.join('')}</tr></thead><tbody>${body.join('')}</tbody></table>`,
  );
}

/** What may be wider than the page scrolls by itself, also with the keyboard. */
function scrollable(label: string, content: string): string {
  return `<div class="scroll" tabindex="0" role="region" aria-label="${label}">${content}</div>`;
}

function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`;
}

function item(text: string): string {
  return `<li>${escaped(text)}</li>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
