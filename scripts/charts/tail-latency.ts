import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

/** The chart of the README, relative to the project. */
export const CHART = 'docs/images/tail-latency.svg';

interface Group {
  readonly title: string;
  readonly oursMs: number;
  readonly awsMs: number;
}

/** Draws the p99 of short invocations among long ones, beside AWS's client, from the tables of the documentation. */
export function tailLatencyChart(): string {
  const groups: Group[] = [
    { title: 'cores awake', ...row('docs/performance.md', '## Compared', '| 95 % of 4 ms') },
    { title: 'quiet machine', ...row('bench/README.md', '## A quiet machine', '| `mix`') },
  ];
  const maxMs = Math.max(...groups.flatMap(({ oursMs, awsMs }) => [oursMs, awsMs]));
  const bars = groups.flatMap(({ title, oursMs, awsMs }, n) => {
    const top = TOP + n * GROUP;
    return [
      `<text class="title" x="0" y="${top - 10}">${title}</text>`,
      bar('ours', 'lambda-managed-runtime', oursMs, maxMs, top),
      bar('aws', 'aws-lambda-ric', awsMs, maxMs, top + BAR + GAP),
    ];
  });
  const height = TOP + groups.length * GROUP + 8;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${HEADLINE}: ${groups.map(describe).join('; ')}</title>`,
    `<style>${STYLE}</style>`,
    `<text class="headline" x="0" y="20">${HEADLINE}</text>`,
    '<text class="note" x="0" y="40">95 % of the handlers compute for 4 ms, 5 % for 200 ms; 8 threads on 2 cores at 40 % load</text>',
    ...bars,
    '</svg>',
  ].join('\n')}\n`;
}

const HEADLINE = 'p99 of the short invocations in ms (less is better)';
const WIDTH = 760;
const LABELS = 190;
const VALUES = 80;
const TOP = 84;
const BAR = 22;
const GAP = 6;
const GROUP = 100;

/** Media queries work in an image, too: GitHub and npm show it on light and dark pages. */
const STYLE = [
  'text{font:14px system-ui,sans-serif;fill:#1f2328}',
  '.headline{font-size:16px;font-weight:600}',
  '.title{font-weight:600}',
  '.note{fill:#59636e}',
  '.ours{fill:#0969da}',
  '.aws{fill:#8c959f}',
  '@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.note{fill:#9198a1}.ours{fill:#4493f8}.aws{fill:#656c76}}',
].join('');

function bar(kind: 'ours' | 'aws', label: string, ms: number, maxMs: number, top: number): string {
  const length = Math.max(2, Math.round(((WIDTH - LABELS - VALUES) * ms) / maxMs));
  const baseline = top + BAR - 6;
  return [
    `<text x="0" y="${baseline}">${label}</text>`,
    `<rect class="${kind}" x="${LABELS}" y="${top}" width="${length}" height="${BAR}" rx="2"/>`,
    `<text x="${LABELS + length + 8}" y="${baseline}">${format(ms)}</text>`,
  ].join('\n');
}

function describe({ title, oursMs, awsMs }: Group): string {
  return `${title}: lambda-managed-runtime ${format(oursMs)}, aws-lambda-ric ${format(awsMs)}`;
}

const format = (ms: number) => Math.round(ms).toLocaleString('en');

/** The first two numbers after the first two columns of a table's row: ours, and that of AWS's client. */
function row(
  page: string,
  heading: string,
  start: string,
): { readonly oursMs: number; readonly awsMs: number } {
  const [, section = ''] = readFileSync(join(ROOT, page), 'utf8').split(heading);
  const line = section.split('\n').find((text) => text.startsWith(start)) ?? '';
  const [oursMs, awsMs] = line
    .split('|')
    .slice(3)
    .map((cell) => Number(cell.replaceAll(',', '').trim()));
  if (!oursMs || !awsMs) throw new Error(`${page} has no row "${start}" below "${heading}".`);
  return { oursMs, awsMs };
}
