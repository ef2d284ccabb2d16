import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** The package is not built here: its sources stand for it. */
const PACKAGE = [
  ["'lambda-managed-runtime'", `'${PROJECT}src/index.ts'`],
  ["'lambda-managed-runtime/testing'", `'${PROJECT}src/testing/runtime-api.ts'`],
] as const;

describe('the examples of docs/testing.md', () => {
  let root: TaskRoot;

  beforeAll(async () => {
    const text = await readFile(`${PROJECT}docs/testing.md`, 'utf8');
    const files = [...text.matchAll(/^```\w+\n\/\/ (\S+)\n([^]*?)^```$/gm)].map(([, name, code = '']) => [
      name,
      PACKAGE.reduce((source, [specifier, file]) => source.replace(specifier, file), code),
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
  ])('pass with %s', async (_runner, args, passed) => {
    const env = { PATH: process.env['PATH'], NO_COLOR: '1' };
    const child = spawn(process.execPath, args, { cwd: root.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(passed) });
  });
});
