import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

/** The chart of the README, relative to the project. */
export const CHART = 'docs/images/tail-latency.svg';

interface Latencies {
  readonly oursMs: number;
  readonly awsMs: number;
}

/** Draws the p99 of short invocations among long ones, beside AWS's client, from the table of docs/performance.md. */
export function tailLatencyChart(): string {
  const { oursMs, awsMs } = shortInvocations();
  const maxMs = Math.max(oursMs, awsMs);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    `<title id="title">${chartText()}</title>`,
    `<style>${STYLE}</style>`,
    `<text class="headline" x="0" y="20">${HEADLINE}</text>`,
    '<text class="note" x="0" y="40">95 % of the handlers compute for 4 ms, 5 % for 200 ms; 8 threads on 2 cores at 40 % load</text>',
    bar('ours', 'lambda-managed-runtime', oursMs, maxMs, TOP),
    bar('aws', 'aws-lambda-ric', awsMs, maxMs, TOP + BAR + GAP),
    '</svg>',
  ].join('\n')}\n`;
}

/** The chart in words, for those who do not see it. */
export function chartText(): string {
  const { oursMs, awsMs } = shortInvocations();
  return `${HEADLINE}: lambda-managed-runtime ${format(oursMs)}, aws-lambda-ric ${format(awsMs)}`;
}

const HEADLINE = 'p99 of the short invocations in ms (less is better)';
const WIDTH = 760;
const LABELS = 190;
const VALUES = 80;
const TOP = 60;
const BAR = 22;
const GAP = 6;
const HEIGHT = TOP + 2 * BAR + GAP + 8;

/** Media queries work in an image, too: GitHub and npm show it on light and dark pages. */
const STYLE = [
  'text{font:14px system-ui,sans-serif;fill:#1f2328}',
  '.headline{font-size:16px;font-weight:600}',
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

const format = (ms: number) => Math.round(ms).toLocaleString('en');

/** Reads the row of the mix: its third and fourth columns are ours and AWS's. */
function shortInvocations(): Latencies {
  const [, section = ''] = readFileSync(join(ROOT, PAGE), 'utf8').split('## Compared');
  const line = section.split('\n').find((text) => text.startsWith(ROW)) ?? '';
  const [oursMs, awsMs] = line
    .split('|')
    .slice(3)
    .map((cell) => Number(cell.replaceAll(',', '').trim()));
  if (!oursMs || !awsMs) throw new Error(`${PAGE} has no row "${ROW}" below "## Compared".`);
  return { oursMs, awsMs };
}

const PAGE = 'docs/performance.md';
const ROW = '| 95 % of 4 ms';
