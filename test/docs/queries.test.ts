import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { codeBlocks } from './code-blocks.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(PROJECT + file, 'utf8');

/** The queries of the documentation for CloudWatch Logs Insights. */
const QUERIES = ['docs/troubleshooting.md', 'docs/observability.md'].flatMap((page) =>
  codeBlocks(read(page)).flatMap(({ language, code }) =>
    language === '' && /^(fields|filter) /.test(code) ? [code] : [],
  ),
);

const SOURCES = globSync('{src,workers}/**/*.ts', { cwd: PROJECT })
  .map((file) => read(file))
  .join('\n');

it('the documentation contains queries', () => {
  expect(QUERIES.length).toBeGreaterThan(10);
});

it.each(QUERIES)('the messages and values that a query compares are written by the runtime: %s', (query) => {
  const compared = [...query.matchAll(/(?:message|outcome|background|level) (?:!?=|in) (\[.*?\]|"[^"]*")/g)];
  const values = compared.flatMap(([, value = '']) =>
    [...value.matchAll(/"([^"]+)"/g)].map(([, text = '']) => text),
  );
  // A message can be continued by another part, as in "A thread did not start, will retry".
  const unknown = values.filter((value) => !SOURCES.includes(value.split(', ')[0] ?? value));
  expect(unknown.filter((value) => !/^(ERROR|WARN)$/.test(value))).toEqual([]);
});

it.each(QUERIES)('the fields of a query are those of log lines, or named by the query: %s', (query) => {
  const named = new Set([...query.matchAll(/ as (\w+)/g)].map(([, name]) => name));
  const words = query
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/ as \w+/g, '')
    .match(/@?[A-Za-z_]\w*/g);
  const fields = (words ?? []).filter((word) => !LANGUAGE.has(word) && !named.has(word));
  expect(fields.filter((field) => !FIELDS.has(field))).toEqual([]);
});

/** Commands, functions and operators of the query language. */
const LANGUAGE: ReadonlySet<string> = new Set(
  'fields filter stats sort limit by asc desc and or not in as count count_distinct max avg sum pct bin ispresent m h'.split(
    ' ',
  ),
);

/** Fields of CloudWatch, and of the lines as docs/observability.md lists them. */
const FIELDS: ReadonlySet<string> = new Set([
  '@timestamp',
  '@logStream',
  'level',
  'message',
  'threadEnd',
  'errorMessage',
  'stackTrace',
  ...[...read('docs/observability.md').matchAll(/^\| `(\w+)` /gm)].map(([, field = '']) => field),
]);
