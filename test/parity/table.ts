import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { REASONS } from './reasons/all.ts';

const PAGE = fileURLToPath(new URL('../../docs/migrating.md', import.meta.url));
const BEGIN = '<!-- parity: begin. `npm run parity` writes this table from test/parity/reasons. -->';
const END = '<!-- parity: end -->';

/** Whether the table in docs/migrating.md is what the reasons say. */
export async function isTableCurrent(): Promise<boolean> {
  const page = readFileSync(PAGE, 'utf8');
  return page === (await withTable(page));
}

/** Writes the table into docs/migrating.md. Resolves with whether that has changed the page. */
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
  const rows = REASONS.map(({ what, theirs, ours, why }) => [what, theirs, ours, why]);
  const table = [['what', 'AWS’s client', 'this runtime', 'why'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
  const written = `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
  return format(written, { parser: 'markdown', printWidth: 110 });
}
