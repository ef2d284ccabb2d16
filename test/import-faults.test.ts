import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { ImportFault } from '../src/invocation/import-error.ts';
import { makeTaskRoot } from './helpers/task-root.ts';

const SOURCE = new URL('../src/invocation/import-error.ts', import.meta.url).href;

/** Imports modules as Node.js itself does, and explains what went wrong with each of them. */
const IMPORTING = `
  import { pathToFileURL } from 'node:url';
  import { importFault } from '${SOURCE}';
  const [from, ...names] = process.argv.slice(1);
  const faults = names.map(async (name) => {
    const url = pathToFileURL(from + '/' + name).href;
    const reason = await import(url).then(() => 'loaded', (error) => importFault(error, url, from));
    return [name, reason ?? 'an error of its own'];
  });
  process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(faults))));`;

interface Case {
  readonly name: string;
  /** The first one is imported. */
  readonly files: Readonly<Record<string, string>>;
  /** The message, or that the module itself threw the error. */
  readonly message: RegExp | 'an error of its own';
  /** A line of the frame, for syntax errors. */
  readonly frame?: string;
}

const MANY = Array.from({ length: 14 }, (_, index) => `export const n${index} = 1;`).join('\n');

const CASES: readonly Case[] = [
  {
    name: 'a syntax error',
    files: { 'index.mjs': 'const one = 1;\nexport const handler = async ( => one;' },
    message: /^FOLDER\/index\.mjs:2:32: Unexpected token '=>'$/,
    frame: 'export const handler = async ( => one;',
  },
  {
    name: 'a syntax error in an import of an import, behind comments, text and types',
    files: {
      'index.mts': `// import './none.mjs'\nimport type { A } from './types.mts';\nexport * from './middle.mjs';`,
      'middle.mjs': `const text = "from 'nowhere'"; import 'node:fs'; import './end.mjs'; import './middle.mjs';`,
      'types.mts': 'export type A = number;',
      'end.mjs': '\n\nawait (;',
    },
    message: /^FOLDER\/end\.mjs:3:8: Unexpected token ';'$/,
    frame: 'await (;',
  },
  {
    name: 'a syntax error in a package',
    files: {
      'index.mjs': `import 'package-of-somebody';`,
      'node_modules/package-of-somebody/package.json': '{"exports":"./main.mjs"}',
      'node_modules/package-of-somebody/main.mjs': 'export default 1 +;',
    },
    message: /^FOLDER\/node_modules\/package-of-somebody\/main\.mjs:1:19: Unexpected token ';'$/,
  },
  {
    name: 'a syntax error in an ES module that a CommonJS module requires',
    files: {
      'index.mjs': `import './middle.cjs';`,
      'middle.cjs': `require('./end');`,
      'end.js': 'export const = 1;',
    },
    message: /^FOLDER\/end\.js:1:14: Unexpected token '='$/,
  },
  {
    name: 'a syntax error behind a directory that is required, beside JSON that is no code either',
    files: {
      'index.mjs': `import './middle.cjs';`,
      'middle.cjs': `require('./data'); require('./lib');`,
      'data.json': '{"a":1}',
      'lib/index.js': `export const a = {"a":1};\n{"a":1}`,
    },
    message: /^FOLDER\/lib\/index\.js:2:5: Unexpected token ':'$/,
  },
  {
    name: 'a syntax error in one long line, of which only what is around it is shown',
    files: { 'index.mjs': `${'let a;'.replace('a', 'a'.repeat(500))} export const = 1; ${'//'.repeat(500)}` },
    message: /^FOLDER\/index\.mjs:1:520: Unexpected token '='$/,
    frame: `${'a'.repeat(65)}; export const = 1; ${'/'.repeat(75)}`,
  },
  {
    name: 'a syntax error in a module that is not a file',
    files: { 'index.mjs': `import 'data:text/javascript,export const =';` },
    message: 'an error of its own',
  },
  {
    name: 'JSON that the module itself parses',
    files: { 'index.mjs': `JSON.parse('{');` },
    message: 'an error of its own',
  },
  { name: 'what is no error', files: { 'index.mjs': `throw 'no way';` }, message: 'an error of its own' },
  {
    name: 'a missing export',
    files: {
      'index.mjs': `import { nme } from './lib.mjs';`,
      'lib.mjs': `const inner = 1;\nexport async function* stream() {}\nexport class Name {}\nexport { inner as outer };\nexport default 1;`,
    },
    message:
      /^FOLDER\/index\.mjs:1:10: The requested module '\.\/lib\.mjs' does not provide an export named 'nme'\. It exports: stream, Name, outer, default\.$/,
    frame: `import { nme } from './lib.mjs';`,
  },
  {
    name: 'a missing export of a module with many',
    files: { 'index.mjs': `import { nme } from './lib.mjs';`, 'lib.mjs': MANY },
    message: /It exports: n0, n1, .*, n11 and 2 more\.$/,
  },
  {
    name: 'a missing export of a module with none',
    files: { 'index.mjs': `import { nme } from './lib.mjs';`, 'lib.mjs': 'const nme = 1;' },
    message: /It exports: nothing\.$/,
  },
  {
    name: 'a missing export of a module whose file has another name than the import',
    files: {
      'index.mjs': `import { nme } from './with%20blank.mjs';`,
      'with blank.mjs': 'export const a = 1;',
    },
    message: /It exports: nothing that can be read\.$/,
  },
  {
    name: 'a missing export of a package',
    files: {
      'index.mjs': `import { nme } from 'package-of-somebody';`,
      'node_modules/package-of-somebody/package.json': '{"exports":"./main.mjs"}',
      'node_modules/package-of-somebody/main.mjs': 'export const name = 1;',
    },
    message: /does not provide an export named 'nme'$/,
  },
  {
    name: 'a type that is imported as a value',
    files: {
      'index.mts': `import { A } from './lib.mts';`,
      'lib.mts': 'export type A = 1;\nexport const a = 1;',
    },
    message: /It exports: a\. If A is a type, write: import type\.$/,
  },
  {
    name: 'a missing file beside one with another extension',
    files: { 'index.mjs': `import './lib.js';`, 'lib.mts': '', 'lib.js.map': '' },
    message:
      /^Cannot find module 'FOLDER\/lib\.js' imported from FOLDER\/index\.mjs\. FOLDER has index\.mjs, lib\.js\.map, lib\.mts\. Did you mean lib\.js\.map or lib\.mts\?$/,
  },
  {
    name: 'a missing directory',
    files: { 'index.mjs': `import './none/lib.mjs';` },
    message: /^Cannot find module .* There is no directory FOLDER\/none\.$/,
  },
  {
    name: 'a directory that is required',
    files: { 'index.cjs': `require('./lib');`, 'lib/one.txt': '' },
    message:
      /^Cannot find module '\.\/lib' imported from FOLDER\/index\.cjs\. It is a directory: name a file\. FOLDER\/lib has one\.txt\.$/,
  },
  {
    name: 'a missing package',
    files: { 'index.mjs': `import 'package-of-somebody';`, 'node_modules/other/package.json': '{}' },
    message:
      /^Cannot find package 'package-of-somebody' imported from FOLDER\/index\.mjs\. It is not in \/.*FOLDER\/node_modules\b/,
  },
  {
    name: 'an error with the code of a missing module and a text of its own',
    files: { 'index.mjs': `throw Object.assign(new Error('first\\nsecond'), { code: 'MODULE_NOT_FOUND' });` },
    message: /^first$/,
  },
];

it('explains each failed import to the author of the module', async () => {
  const files = CASES.flatMap(({ files }, index) =>
    Object.entries(files).map(([path, source]) => [`case-${index}/${path}`, source]),
  );
  await using root = await makeTaskRoot(Object.fromEntries(files) as Record<string, string>);
  const names = CASES.map(({ files }, index) => `case-${index}/${Object.keys(files)[0]}`);
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    IMPORTING,
    root.path,
    ...names,
  ]);
  const reasons = Object.values(JSON.parse(stdout) as Record<string, ImportFault | string>);
  const found = reasons.map((reason, index) => {
    const text = typeof reason === 'string' ? reason : reason.message;
    return { name: CASES[index]?.name, message: text.replaceAll(`case-${index}`, 'FOLDER') };
  });
  expect(found).toEqual(
    CASES.map(({ name, message }) => ({
      name,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })),
  );
  for (const [index, { frame }] of CASES.entries()) {
    if (frame !== undefined) expect((reasons[index] as ImportFault).frame).toContain(frame);
  }
});
