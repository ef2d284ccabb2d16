import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODE_VARIABLES } from '../helpers/child-process.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { codeBlocks, shownFiles } from './code-blocks.ts';
import type { ShownFile } from './code-blocks.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** The package is not built here: its sources stand for it. */
const PACKAGE = {
  'lambda-managed-runtime': 'src/index.ts',
  'lambda-managed-runtime/worker': 'workers/index.ts',
  'lambda-managed-runtime/testing': 'src/testing/runtime-api.ts',
  'lambda-managed-runtime/bench': 'src/cli/bench/index.ts',
  'lambda-managed-runtime/cdk': 'src/cdk/index.ts',
  'lambda-managed-runtime/emf': 'src/emf/index.ts',
  'lambda-managed-runtime/otel': 'src/otel/index.ts',
};

const PAGES = globSync(['*.md', 'docs/**/*.md', 'examples/**/README.md', 'bench/README.md'], {
  cwd: PROJECT,
  exclude: ['**/node_modules/**', 'examples/deploy/build/**'],
}).sort();

const blocksOf = (page: string) => codeBlocks(readFileSync(PROJECT + page, 'utf8'));
const isCode = ({ language }: { language: string }) => /^[cm]?[jt]s$/.test(language);

describe('the code in README and docs', () => {
  it('compiles', async () => {
    const shown = new Map<string, { page: string; file: ShownFile }>();
    for (const page of PAGES) {
      let folder = page;
      for (const files of blocksOf(page).filter(isCode).map(shownFiles)) {
        // A page may show another file of the same name, whose other files are in the same block or follow.
        if (files.some(({ name }) => shown.has(`${folder}/${name}`))) folder = `${page}/${files[0]?.line}`;
        for (const file of files) shown.set(`${folder}/${file.name}`, { page, file });
      }
    }
    await using root = await makeTaskRoot({
      ...Object.fromEntries([...shown].map(([path, { file }]) => [path, file.code])),
      'package.json': '{"type":"module"}',
      'tsconfig.json': JSON.stringify({
        extends: `${PROJECT}tsconfig.json`,
        compilerOptions: {
          allowJs: true,
          moduleDetection: 'force',
          noUnusedLocals: false,
          noUnusedParameters: false,
          paths: Object.fromEntries(Object.entries(PACKAGE).map(([name, file]) => [name, [PROJECT + file]])),
        },
        include: ['**/*', `${PROJECT}test/docs/left-out.d.ts`, `${PROJECT}src/runtime-api/undici.d.ts`],
        exclude: ['node_modules'],
      }),
    });
    await symlink(`${PROJECT}node_modules`, `${root.path}/node_modules`);
    const { output } = await run(['node_modules/typescript/bin/tsc', '--pretty', 'false'], root.path);
    const faults = output.trim().replaceAll(/^(.+)\((\d+),\d+\)/gm, (found, path: string, line: string) => {
      const at = shown.get(path);
      return at === undefined ? found : `${at.page}:${at.file.line + Number(line) - 1}`;
    });
    expect(faults).toBe('');
    expect([...shown.keys()]).toEqual(
      expect.arrayContaining(['README.md/main.ts', 'docs/testing.md/handler.test.ts']),
    );
  });

  it('has an example of each function of the API reference', () => {
    const sections = PAGES.filter((page) => page.startsWith('docs/api/')).flatMap((page) =>
      readFileSync(PROJECT + page, 'utf8').split(/^### /m),
    );
    const functions = sections.filter((section) => /^\w+\(\)\n/.test(section));
    expect(functions).not.toEqual([]);
    expect(functions.filter((section) => !/^#### Example\n\n```ts\n/m.test(section))).toEqual([]);
  });

  it('is fenced with a language that says whether it can be compiled', () => {
    const others = PAGES.flatMap(blocksOf).filter((block) => !isCode(block));
    for (const { language, code } of others) {
      expect(['', 'json', 'mermaid', 'yaml']).toContain(language);
      // The first line can name the file.
      if (language === 'json') JSON.parse(code.replace(/^\/\/ [\w.]+\n/, ''));
    }
  });
});

describe('the examples of docs/testing.md', () => {
  let root: TaskRoot;

  beforeAll(async () => {
    const files = blocksOf('docs/testing.md')
      .filter(isCode)
      .flatMap(shownFiles)
      .map(({ name, code }) => [
        name,
        Object.entries(PACKAGE).reduce(
          (source, [specifier, file]) => source.replace(`'${specifier}'`, `'${PROJECT}${file}'`),
          code,
        ),
      ]);
    root = await makeTaskRoot({
      'package.json': '{"type":"module"}',
      // Node.js 22 does not know `await using`.
      'tsconfig.json': '{"compilerOptions":{"target":"es2023"}}',
      ...Object.fromEntries(files),
    });
    await symlink(`${PROJECT}node_modules`, `${root.path}/node_modules`);
  });
  afterAll(() => root[Symbol.asyncDispose]());

  it.each([
    [
      'vitest',
      ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout=120000', 'handler.test.ts'],
      /Tests {2}1 passed/,
    ],
    ['node:test', ['--test', '--test-reporter=tap', 'handler.test.mjs'], /^# pass 1$/m],
    ['a module replaced', ['--test', '--test-reporter=tap', 'order-handler.test.mjs'], /^# pass 1$/m],
  ])('pass with %s', async (_runner, args, passed) => {
    expect(await run(args, root.path)).toEqual({ code: 0, output: expect.stringMatching(passed) });
  });
});

async function run(args: readonly string[], cwd: string): Promise<{ code: number | null; output: string }> {
  const env = { ...NODE_VARIABLES, NO_COLOR: '1' };
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
