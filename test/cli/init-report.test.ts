/** The report of a module that cannot be loaded: on Lambda /init/error and one log line, locally text. */
import { describe, expect, it } from 'vitest';
import { withoutRuntimeApi } from '../helpers/start-local.ts';
import { MODES, startBootstrap, startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

/** A handler's files, and the error that they cause. */
interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly message: RegExp;
  /** The line of code, and the marker below it. */
  readonly frame?: readonly string[];
}

const uses = (specifier: string) => `import { x } from '${specifier}';\nexport const handler = () => x;`;
const BROKEN = { code: 'export const x = ;', frame: ['export const x = ;', '                 ^'] };

const SYNTAX: readonly Case[] = [
  {
    name: 'TypeScript that an ES module imports',
    files: { 'index.ts': uses('./lib/dep.ts'), 'lib/dep.ts': 'export const x = 1;\nexport const  y: = 2;' },
    message: /lib\/dep\.ts:2:18: Unexpected token `=`/,
    frame: ['export const x = 1;', 'export const  y: = 2;', '                 ^'],
  },
  {
    name: 'TypeScript that would have to be compiled',
    files: { 'index.ts': uses('./lib/dep.ts'), 'lib/dep.ts': 'export enum x { a }' },
    message: /lib\/dep\.ts:1:8: TypeScript enum is not supported in strip-only mode/,
    frame: ['export enum x { a }', '       ^^^^^^^^^^^^'],
  },
  {
    name: 'TypeScript that would have to be compiled, over several lines',
    files: {
      'index.ts': uses('./lib/dep.ts'),
      'lib/dep.ts': 'export const y = 1;\n\nexport enum x {\n  a,\n}',
    },
    message: /lib\/dep\.ts:3: TypeScript enum is not supported in strip-only mode/,
    frame: ['    ', '  > export enum x {', '      a,', '  > }'],
  },
  {
    name: 'an ES module that ends too early',
    files: { 'index.mjs': uses('./lib/dep.mjs'), 'lib/dep.mjs': 'export const x = () => {\n' },
    message: /lib\/dep\.mjs:2: Unexpected end of input/,
  },
  {
    name: 'an ES module that an ES module imports',
    files: { 'index.mjs': uses('./lib/dep.mjs'), 'lib/dep.mjs': BROKEN.code },
    message: /lib\/dep\.mjs:1:18: Unexpected token ';'/,
    frame: BROKEN.frame,
  },
  {
    name: 'an ES module that an imported module imports, with the error at the end of a long line',
    files: {
      'index.mjs': uses('./lib/one.mjs'),
      'lib/one.mjs': `export { x } from './two.js';`,
      'lib/two.js': `/* ${'long '.repeat(100)}*/ ${BROKEN.code}`,
      'package.json': '{"type":"module"}',
    },
    message: /lib\/two\.js:1:524: Unexpected token ';'/,
    frame: [expect.stringMatching(/long \*\/ export const x = ;$/), expect.stringMatching(/^ {80}\^$/)],
  },
  {
    name: 'an ES module that is imported while another one runs',
    files: {
      'index.mjs': `const { x } = await import('./lib/dep.mjs');\nexport const handler = () => x;`,
      'lib/dep.mjs': BROKEN.code,
    },
    message: /lib\/dep\.mjs:1:18: Unexpected token ';'/,
    frame: BROKEN.frame,
  },
  {
    name: 'an ES module of a package',
    files: {
      'index.mjs': uses('broken'),
      'node_modules/broken/package.json': '{"type":"module","exports":{"import":"./main.js"}}',
      'node_modules/broken/main.js': BROKEN.code,
    },
    message: /node_modules\/broken\/main\.js:1:18: Unexpected token ';'/,
    frame: BROKEN.frame,
  },
  {
    name: 'CommonJS that an ES module imports',
    files: {
      'index.mjs': `import a from './lib/dep.cjs';\nexport const handler = () => a;`,
      'lib/dep.cjs': 'const a = 1;\nmodule.exports = { a: };',
    },
    message: /lib\/dep\.cjs:2:23: Unexpected token '}'/,
    frame: ['module.exports = { a: };', '                      ^'],
  },
  {
    name: 'CommonJS that CommonJS requires',
    files: {
      'index.cjs': `exports.handler = require('./lib/dep.cjs');`,
      'lib/dep.cjs': 'module.exports = { a: };',
    },
    message: /lib\/dep\.cjs:1:23: Unexpected token '}'/,
    frame: ['module.exports = { a: };', '                      ^'],
  },
  {
    name: 'an ES module that CommonJS requires',
    files: { 'index.cjs': `exports.handler = require('./lib/dep.mjs').x;`, 'lib/dep.mjs': BROKEN.code },
    message: /lib\/dep\.mjs:1:18: Unexpected token ';'/,
    frame: BROKEN.frame,
  },
  {
    name: 'an import that the other module does not export',
    files: {
      'index.mjs': uses('./lib/dep.mjs'),
      'lib/dep.mjs': `export const a = 1, z = 2;\nexport async function b() {}\nconst c = 3;\nexport { c as d };\nexport default a;`,
    },
    message:
      /index\.mjs:1:10: The requested module '\.\/lib\/dep\.mjs' does not provide an export named 'x'\. It exports: a, b, d, default\./,
    frame: [`import { x } from './lib/dep.mjs';`, '         ^'],
  },
  {
    name: 'a type that is imported as a value',
    files: { 'index.ts': uses('./lib/dep.ts'), 'lib/dep.ts': 'export type x = string;\nexport const y = 1;' },
    message: /It exports: y\. If x is a type, write: import type\./,
    frame: [`import { x } from './lib/dep.ts';`, '         ^'],
  },
];

const MISSING: readonly Case[] = [
  {
    name: 'a missing file, in a directory with other files',
    files: { 'index.mjs': uses('./lib/dep.mjs'), 'lib/other.mjs': '' },
    message: /Cannot find module 'lib\/dep\.mjs' imported from index\.mjs\. lib has other\.mjs\./,
  },
  {
    name: 'an import without the file extension',
    files: { 'index.mjs': uses('./lib/dep'), 'lib/dep.mjs': '', 'lib/other.mjs': '' },
    message:
      /Cannot find module 'lib\/dep' imported from index\.mjs\. lib has dep\.mjs, other\.mjs\. Did you mean dep\.mjs\?/,
  },
  {
    name: 'a missing directory',
    files: { 'index.cjs': `require('./lib/dep');` },
    message: /Cannot find module '\.\/lib\/dep' imported from index\.cjs\. There is no directory lib\./,
  },
  {
    name: 'a missing package, next to other packages',
    files: { 'index.mjs': uses('absent'), 'node_modules/other/package.json': '{}' },
    message: /Cannot find package 'absent' imported from index\.mjs\. It is not in \/.*\/node_modules/,
  },
];

describe.concurrent.each([...SYNTAX, ...MISSING])('$name', ({ files, message, frame = [] }) => {
  it.each(MODES)('on Lambda: reported in /init/error and one log line, in %s', async (_mode, mode) => {
    await using root = await makeTaskRoot(files);
    await using runtime = await startRuntime({ handler: 'index.handler', taskRoot: root.path, ...mode });
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    const told = {
      errorMessage: expect.stringMatching(message),
      stackTrace: expect.arrayContaining([...frame]),
    };
    expect(runtime.api.initErrors).toMatchObject([{ error: told }]);
    const lines = runtime.log.filter(({ level }) => level === 'ERROR');
    expect(lines).toMatchObject([{ message: 'The function cannot start', ...told }]);
    // The stack has no frames of the runtime's own code.
    expect(lines[0]?.['stackTrace']).toHaveLength(1 + frame.length);
  });

  it('locally: reported as text, once', async () => {
    await using root = await makeTaskRoot(files);
    const options = withoutRuntimeApi({ handler: 'index.handler', taskRoot: root.path, concurrency: 2 });
    await using runtime = await startRuntime(options);
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    const { stdout, stderr } = runtime.output;
    expect(stdout).toBe('');
    expect(stderr.match(new RegExp(message, 'g'))).toHaveLength(1);
    expect(stderr).toMatch(
      /^lambda-managed-runtime: The function cannot start: Runtime\.\w+: index\.handler: /m,
    );
    expect(stderr).not.toMatch(/"errorType"|^ +at /m);
    const [code] = frame;
    if (typeof code === 'string') expect(stderr).toContain(frame.join('\n'));
  });
});

describe('an error that the module throws', () => {
  const files = {
    'index.mjs': `import { connect } from './lib/connect.mjs';\nconnect();\nexport const handler = () => 1;`,
    'lib/connect.mjs': `export const connect = () => {
  throw new RangeError('no table', { cause: new Error('no network') });
};`,
  };

  it('is printed locally with its cause and the stack frames of the function’s own code', async () => {
    await using root = await makeTaskRoot(files);
    const options = withoutRuntimeApi({ taskRoot: root.path });
    await using runtime = await startBootstrap(`${root.path}/index.mjs`, {}, options);
    expect(await runtime.exited).toEqual({ code: 1, signal: null });
    const { stdout, stderr } = runtime.output;
    expect(stdout).toBe('');
    expect(stderr.match(/no table/g)).toHaveLength(1);
    expect(stderr).toMatch(
      /ManagedRuntimeError: The function cannot start: RangeError: no table\n {4}at connect \(.*connect\.mjs:2:9\)\n {4}at .*index\.mjs:2:1\n {2}Caused by Error: no network\n {6}at connect/,
    );
    expect(stderr).not.toMatch(/node:internal\/modules\/esm|piscina|handler-loader/);
  });
});

it('services that cannot be parsed are reported with file and position', async () => {
  await using root = await makeTaskRoot({
    'services.mjs': uses('./dep.mjs'),
    'dep.mjs': BROKEN.code,
    'index.mjs': '',
  });
  const options = { services: `${root.path}/services.mjs` };
  await using runtime = await startBootstrap(`${root.path}/index.mjs`, options, { cwd: root.path });
  expect(await runtime.exited).toEqual({ code: 1, signal: null });
  expect(runtime.api.initErrors).toMatchObject([
    {
      error: {
        errorType: 'Runtime.ServicesError',
        errorMessage: expect.stringContaining("dep.mjs:1:18: Unexpected token ';'"),
      },
    },
  ]);
});
