import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { SECTIONS } from './reasons/all.ts';
import type { Reason } from './reasons/reason.ts';

const PAGE = fileURLToPath(new URL('../../docs/migrating.md', import.meta.url));
const BEGIN = '<!-- parity: begin. `npm run parity` writes these tables from test/parity/reasons. -->';
const END = '<!-- parity: end -->';

/** Whether the tables in docs/migrating.md are what the reasons say. */
export async function isTableCurrent(): Promise<boolean> {
  const page = readFileSync(PAGE, 'utf8');
  return page === (await withTable(page));
}

/** Writes the tables into docs/migrating.md. Resolves with whether that has changed the page. */
export async function writeTable(): Promise<boolean> {
  const page = readFileSync(PAGE, 'utf8');
  const changed = await withTable(page);
  if (changed !== page) writeFileSync(PAGE, changed);
  return changed !== page;
}

/** @throws Error when the page has lost its marks. */
async function withTable(page: string): Promise<string> {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${PAGE} has no lines ${BEGIN} and ${END}.`);
  const tables = SECTIONS.map(({ title, reasons }) => `### ${title}\n\n${tableOf(reasons)}`).join('\n\n');
  const written = `${page.slice(0, begin + BEGIN.length)}\n\n${tables}\n\n${page.slice(end)}`;
  return format(written, { parser: 'markdown', printWidth: 110 });
}

function tableOf(reasons: readonly Reason[]): string {
  const rows = reasons.map(({ what, theirs, ours, why }) => [what, theirs, ours, why]);
  return [['what', 'AWS’s client', 'this runtime', 'why'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}
