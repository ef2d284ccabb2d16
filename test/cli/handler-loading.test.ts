import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MODES, startRuntime } from '../helpers/start-runtime.ts';
import type { RuntimeOptions } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

/** A user's files and how the handler is named; the handler answers with `answer`. */
interface Loading {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly handler: string;
  readonly answer: unknown;
}

const cjs = (answer: string) => `exports.handler = async () => ${JSON.stringify(answer)};`;
const esm = (answer: string) => `export const handler = async () => ${JSON.stringify(answer)};`;
/** Reads the variables when its module is loaded, as instrumentation does. */
const VARIABLES = `const variables = [process.env._HANDLER, process.env.LAMBDA_TASK_ROOT];
exports.handler = async () => variables;`;
const typed = (answer: string) =>
  `interface E { n: number }\nexport const handler = async (event: E): Promise<string> => ${JSON.stringify(answer)};`;

/** In the order in which the runtime looks for them. */
const EXTENSIONS: readonly (readonly [extension: string, source: string])[] = [
  ['', cjs('no extension')],
  ['.js', cjs('.js')],
  ['.mjs', esm('.mjs')],
  ['.cjs', cjs('.cjs')],
  ['.ts', typed('.ts')],
  ['.mts', typed('.mts')],
  ['.cts', `const answer: string = '.cts';\nexports.handler = async () => answer;`],
];

const HOOK = fileURLToPath(new URL('../fixtures/preloads/require-hook.cjs', import.meta.url));
const WRAPPING = fileURLToPath(new URL('../fixtures/preloads/wrapping-require.cjs', import.meta.url));
const READING_CALLERS = fileURLToPath(new URL('../fixtures/preloads/reading-callers.cjs', import.meta.url));

const ANSWERED: readonly Loading[] = [
  ...EXTENSIONS.map(([extension], index) => ({
    name: `a file with ${extension || 'no'} extension, which precedes all that follow,`,
    files: Object.fromEntries(EXTENSIONS.slice(index).map(([ending, source]) => [`index${ending}`, source])),
    handler: 'index.handler',
    answer: extension || 'no extension',
  })),
  {
    name: 'an ES module in a .js file of a package of type module',
    files: { 'package.json': '{"type":"module"}', 'index.js': esm('type module') },
    handler: 'index.handler',
    answer: 'type module',
  },
  {
    name: 'an ES module in a .js file without a package.json',
    files: { 'index.js': esm('detected') },
    handler: 'index.handler',
    answer: 'detected',
  },
  {
    name: 'a nested export of an ES module in a sub directory',
    files: { 'dir/sub/file.mjs': `export const outer = { nested: { fn: () => 'deep' } };` },
    handler: 'dir/sub/file.outer.nested.fn',
    answer: 'deep',
  },
  {
    name: 'a nested export of a CommonJS module in a sub directory',
    files: { 'dir/sub/file.cjs': `exports.outer = { nested: { fn: () => 'deep' } };` },
    handler: 'dir/sub/file.outer.nested.fn',
    answer: 'deep',
  },
  {
    name: 'a package in node_modules of the task root',
    files: {
      'node_modules/some-package/package.json': '{"main":"lib/main.js"}',
      'node_modules/some-package/lib/main.js': cjs('package'),
    },
    handler: 'some-package.handler',
    answer: 'package',
  },
  {
    name: 'a package with a scope and an exports map',
    files: {
      'node_modules/@scope/some-package/package.json': '{"exports":"./main.mjs"}',
      'node_modules/@scope/some-package/main.mjs': esm('scoped package'),
    },
    handler: '@scope/some-package.handler',
    answer: 'scoped package',
  },
  {
    name: 'the index file of a directory',
    files: { 'functions/index.js': cjs('directory') },
    handler: 'functions.handler',
    answer: 'directory',
  },
  {
    name: 'a module with top-level await and an import of its own',
    files: {
      'index.mts': `import { answer } from './answer.ts';\nconst got = await new Promise<string>((resolve) => setTimeout(resolve, 1, answer));\nexport const handler = () => got;`,
      'answer.ts': `export const answer: string = 'awaited';`,
    },
    handler: 'index.handler',
    answer: 'awaited',
  },
  {
    name: 'a function as default export',
    files: { 'index.mjs': `export default () => 'default';` },
    handler: 'index.handler',
    answer: 'default',
  },
  {
    name: 'a default export by its name',
    files: { 'index.mjs': `export default () => 'default';\nexport const handler = () => 'not this one';` },
    handler: 'index.default',
    answer: 'default',
  },
  {
    name: 'an object as default export',
    files: { 'index.mjs': `export default { handler: () => 'in default' };` },
    handler: 'index.handler',
    answer: 'in default',
  },
  {
    name: 'module.exports = a function',
    files: { 'index.cjs': `module.exports = () => 'module.exports';` },
    handler: 'index.handler',
    answer: 'module.exports',
  },
  {
    name: 'CommonJS that was compiled from an ES module with a default export',
    files: {
      'index.js': `Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = () => 'compiled';`,
    },
    handler: 'index.handler',
    answer: 'compiled',
  },
  {
    name: 'a handler that is not async',
    files: { 'index.mjs': `export function handler(event) { return event.n + 1; }` },
    handler: 'index.handler',
    answer: 2,
  },
];

/** A user's files, how the handler is named, and the error that Lambda receives. */
interface Refusal {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly handler: string;
  readonly errorType: string;
  /** The error type in the header, if it is not the error's own type. */
  readonly recorded?: string;
  readonly message: RegExp;
}

const FILES = { 'index.mjs': esm('never') };

const REFUSED: readonly Refusal[] = [
  {
    name: 'a handler string without a dot',
    files: FILES,
    handler: 'index',
    errorType: 'Runtime.MalformedHandlerName',
    message: /^"index" is not a valid handler name\. Write file\.export or directory\/file\.export/,
  },
  {
    name: 'a handler string that leaves the task root',
    files: { ...FILES, 'dir/other.mjs': esm('never') },
    handler: 'dir/../index.handler',
    errorType: 'Runtime.MalformedHandlerName',
    message: /^"dir\/\.\.\/index\.handler" is not a valid handler name\..*without "\.\."/,
  },
  {
    name: 'a missing file',
    files: FILES,
    handler: 'dir/absent.handler',
    errorType: 'Runtime.ImportModuleError',
    message:
      /^Cannot find the module "dir\/absent": looked for \/.*\/dir\/absent with the extensions \.js, .*There is no directory \/.*\/dir\.$/,
  },
  {
    name: 'a missing dependency of an ES module',
    files: { 'index.mjs': `import 'absent-package';\n${esm('never')}` },
    handler: 'index.handler',
    errorType: 'Runtime.ImportModuleError',
    message:
      /^index\.handler: Cannot find package 'absent-package' imported from index\.mjs\. (There is no node_modules in|It is not in) \//,
  },
  {
    name: 'a missing dependency of a CommonJS module',
    files: { 'index.cjs': `require('./absent.js');\n${cjs('never')}` },
    handler: 'index.handler',
    errorType: 'Runtime.ImportModuleError',
    message:
      /^index\.handler: Cannot find module '\.\/absent\.js' imported from index\.cjs\. \/.* has index\.cjs\.$/,
  },
  {
    name: 'a missing export',
    files: FILES,
    handler: 'index.other',
    errorType: 'Runtime.HandlerNotFound',
    message: /^index\.other: file:\/\/\/.*\/index\.mjs exports no function `other`; it exports handler\.$/,
  },
  {
    name: 'an export that is not a function',
    files: { 'index.mjs': 'export const handler = 42;' },
    handler: 'index.handler',
    errorType: 'Runtime.HandlerNotFound',
    message: /^index\.handler is not a function in file:\/\/\/.*\/index\.mjs\. It exports: handler\.$/,
  },
  {
    name: 'a syntax error in an ES module',
    files: { 'index.mjs': 'export const handler = async ( => 1;' },
    handler: 'index.handler',
    errorType: 'Runtime.UserCodeSyntaxError',
    message: /^index\.handler: index\.mjs:1:32: Unexpected token '=>'$/,
  },
  {
    name: 'a syntax error in a CommonJS module',
    files: { 'index.cjs': 'exports.handler = async ( => 1;' },
    handler: 'index.handler',
    errorType: 'Runtime.UserCodeSyntaxError',
    message: /^index\.handler: index\.cjs:1:27: Unexpected token '=>'$/,
  },
  {
    name: 'a module that throws an error of its own',
    files: {
      'index.mjs': `class ConfigMissing extends Error { name = 'ConfigMissing'; }\nthrow new ConfigMissing('TABLE is not set');`,
    },
    handler: 'index.handler',
    errorType: 'ConfigMissing',
    recorded: 'Function.ConfigMissing',
    message: /^TABLE is not set$/,
  },
  {
    name: 'a module that throws a string',
    files: { 'index.cjs': `throw 'no way';` },
    handler: 'index.handler',
    errorType: 'string',
    recorded: 'Function.String',
    message: /^no way$/,
  },
];

/** Handlers with three parameters that return a promise. */
const WRAPPERS = [
  {
    name: 'a wrapper with three parameters around an async handler',
    // As the instrumentation of OpenTelemetry makes it.
    source: `const wrapped = async () => 'wrapped';
export const handler = function (event, context, callback) {
  return Reflect.apply(wrapped, this, [event, context, (...args) => callback(...args)]);
};`,
    answer: 'wrapped',
  },
  {
    name: 'an async handler with an unused callback',
    source: `export const handler = async (event, context, callback) => 'async';`,
    answer: 'async',
  },
];

const CALLBACKS = [
  {
    name: 'a handler with a callback',
    source: `export const handler = (event, context, callback) => { setTimeout(callback, 1, null, 1); };`,
  },
  {
    name: 'a handler that calls its callback at once',
    source: `export const handler = (event, context, callback) => callback(null, 1);`,
  },
  {
    name: 'a wrapper whose promise never settles around a handler with a callback',
    source: `const wrapped = (event, context, callback) => { setTimeout(callback, 1, null, 1); };
export const handler = (event, context, callback) =>
  new Promise(() => wrapped(event, context, (...args) => callback(...args)));`,
  },
];

/**
 * The same code loads handlers in both modes. Threads take longer to start, so they get only
 * the file extensions and one refusal.
 */
const ROWS = MODES.map(([mode, settings]) =>
  settings.concurrency === 1
    ? { mode, settings, answered: ANSWERED, refused: REFUSED }
    : { mode, settings, answered: ANSWERED.slice(0, EXTENSIONS.length), refused: REFUSED.slice(0, 1) },
);

describe.concurrent.each(ROWS)('in $mode', ({ settings, answered, refused }) => {
  it.each(answered)('$name answers', async ({ files, handler, answer }) => {
    await using root = await makeTaskRoot(files);
    await using runtime = await startRuntime({ handler, taskRoot: root.path, ...settings });
    expect(await runtime.invoke({ n: 1 })).toEqual(answer);
    expect(runtime.api.initErrors).toEqual([]);
  });

  it.each(WRAPPERS)('$name answers', async ({ source, answer }) => {
    await using root = await makeTaskRoot({ 'index.mjs': source });
    await using runtime = await startRuntime({ handler: 'index.handler', taskRoot: root.path, ...settings });
    expect(await runtime.invoke({ n: 1 })).toEqual(answer);
    expect(await runtime.invoke({ n: 2 })).toEqual(answer);
  });

  it.each(CALLBACKS)('$name fails each invocation', async ({ source }) => {
    await using root = await makeTaskRoot({ 'index.mjs': source });
    await using runtime = await startRuntime({ handler: 'index.handler', taskRoot: root.path, ...settings });
    for (const n of [1, 2]) {
      const { error } = await runtime.failure({ n });
      expect(error).toMatchObject({
        errorType: 'Runtime.CallbackHandlerDeprecated',
        errorMessage: expect.stringMatching(/callback.*Write it as async \(event, context\) => result/),
      });
    }
  });

  it.each(refused)('$name fails the init with $errorType', async (refusal) => {
    const { files, handler, errorType, recorded = errorType, message } = refusal;
    await using root = await makeTaskRoot(files);
    const exit = await initFailure({ handler, taskRoot: root.path, ...settings });
    expect(exit).toMatchObject({ polls: 0, code: 1, signal: null });
    expect(exit.initErrors).toHaveLength(1);
    const [{ rawErrorType, error }] = exit.initErrors as [(typeof exit.initErrors)[0]];
    expect(error).toMatchObject({ errorType, errorMessage: expect.stringMatching(message) });
    expect(error?.['stackTrace']).toBeInstanceOf(Array);
    expect(rawErrorType).toBe(recorded);
  });
});

/** Runs until the process exits, and counts its polls, of which there should be none. */
async function initFailure(options: RuntimeOptions) {
  await using runtime = await startRuntime({
    ...options,
    prepare: (api) => void api.faults.always('next', { type: 'hang' }),
  });
  const exit = await runtime.exited;
  return { ...exit, polls: runtime.api.faults.met, initErrors: [...runtime.api.initErrors] };
}

const ENUM = `enum Word { Answer = 'compiled' }\nimport { tail } from './tail';`;
const TAIL = { 'tail.ts': `export const tail: string = ' by the hook';` };

/** Files that only a hook of `require` can load: `import` neither compiles an enum or JSX nor completes file names. */
const COMPILED: readonly Loading[] = [
  {
    name: 'a TypeScript file',
    files: { ...TAIL, 'index.ts': `${ENUM}\nexport const handler = async () => Word.Answer + tail;` },
    handler: 'index.handler',
    answer: 'compiled by the hook',
  },
  {
    name: 'a default export of a .tsx file',
    files: { ...TAIL, 'index.tsx': `${ENUM}\nexport default async () => Word.Answer + tail;` },
    handler: 'index.handler',
    answer: 'compiled by the hook',
  },
  {
    name: 'a function as module.exports of a .jsx file',
    files: { 'index.jsx': `const Word = 'compiled';\nmodule.exports = async () => <Word />;` },
    handler: 'index.handler',
    answer: 'compiled',
  },
  {
    name: 'an ES module that the hook cannot compile, because it has top-level await,',
    files: { 'index.ts': `const answer: string = await 'imported';\nexport const handler = () => answer;` },
    handler: 'index.handler',
    answer: 'imported',
  },
];

describe.concurrent.each(MODES)('with a hook of require, in %s', (_mode, { concurrency, env }) => {
  it.each(COMPILED)('$name answers', async ({ files, handler, answer }) => {
    await using root = await makeTaskRoot(files);
    await using runtime = await startRuntime({
      handler,
      taskRoot: root.path,
      concurrency: concurrency ?? 1,
      env: { ...env, NODE_OPTIONS: `--require ${HOOK}` },
    });
    expect(await runtime.invoke({})).toBe(answer);
  });

  it('an error that the compiled module throws fails the init', async () => {
    await using root = await makeTaskRoot({ 'index.ts': `throw new TypeError('of the module' as string);` });
    const { initErrors } = await initFailure({
      handler: 'index.handler',
      taskRoot: root.path,
      concurrency: concurrency ?? 1,
      env: { ...env, NODE_OPTIONS: `--require ${HOOK}` },
    });
    expect(initErrors.map(({ error }) => error)).toMatchObject([
      { errorType: 'TypeError', errorMessage: 'of the module' },
    ]);
  });
});

/** Which handlers are wrapped by instrumentation that hooks `require`. */
const WRAPPED: readonly Loading[] = [
  {
    name: 'the handler of a CommonJS module is wrapped, and the module runs once',
    files: {
      'index.js': `globalThis.runs = (globalThis.runs ?? 0) + 1;\nexports.handler = () => globalThis.runs;`,
    },
    handler: 'index.handler',
    answer: 'wrapped 1',
  },
  {
    name: 'the handler of an ES module is not wrapped',
    files: { 'package.json': '{"type":"module"}', 'index.js': esm('imported') },
    handler: 'index.handler',
    answer: 'imported',
  },
];

describe.concurrent.each(MODES)('with instrumentation that hooks require, in %s', (_mode, settings) => {
  it.each(WRAPPED)('$name', async ({ files, handler, answer }) => {
    await using root = await makeTaskRoot(files);
    await using runtime = await startRuntime({
      handler,
      taskRoot: root.path,
      concurrency: settings.concurrency ?? 1,
      env: { ...settings.env, NODE_OPTIONS: `--require ${WRAPPING}` },
    });
    expect(await runtime.invoke({})).toBe(answer);
  });

  it('a hook that the handler’s own module installs does not wrap the handler', async () => {
    await using root = await makeTaskRoot({
      'index.js': `require(${JSON.stringify(WRAPPING)});\nexports.handler = () => 'plain';`,
    });
    await using runtime = await startRuntime({
      handler: 'index.handler',
      taskRoot: root.path,
      concurrency: 1,
      ...settings,
    });
    expect(await runtime.invoke({})).toBe('plain');
  });
});

describe.concurrent.each(MODES)('with Yarn’s hooks, in %s', (_mode, settings) => {
  it('a CommonJS handler is required by a module that has a file and paths', async () => {
    await using root = await makeTaskRoot({ 'index.js': `exports.handler = () => 'found';` });
    await using runtime = await startRuntime({
      handler: 'index.handler',
      taskRoot: root.path,
      concurrency: 1,
      ...settings,
      env: { ...settings.env, NODE_OPTIONS: `--require ${READING_CALLERS}` },
    });
    expect(await runtime.invoke({})).toBe('found');
  });
});

describe.concurrent('the name and the directory of the handler', () => {
  it('_HANDLER names the handler, in LAMBDA_TASK_ROOT', async () => {
    await using root = await makeTaskRoot({ 'app/main.cjs': cjs('from _HANDLER') });
    await using runtime = await startRuntime({ taskRoot: root.path, env: { _HANDLER: 'app/main.handler' } });
    expect(await runtime.invoke({})).toBe('from _HANDLER');
  });

  it('_HANDLER takes precedence over the argument', async () => {
    await using root = await makeTaskRoot({ 'a.cjs': cjs('argument'), 'b.cjs': cjs('_HANDLER') });
    await using runtime = await startRuntime({
      handler: 'a.handler',
      taskRoot: root.path,
      env: { _HANDLER: 'b.handler' },
    });
    expect(await runtime.invoke({})).toBe('_HANDLER');
  });

  it.each(MODES)('the handler sees _HANDLER and LAMBDA_TASK_ROOT, in %s', async (_mode, settings) => {
    await using root = await makeTaskRoot({ 'app/main.cjs': VARIABLES });
    await using runtime = await startRuntime({
      handler: 'app/main.handler',
      taskRoot: null,
      cwd: root.path,
      ...settings,
    });
    expect(await runtime.invoke({})).toEqual(['app/main.handler', root.path]);
  });

  it('the working directory is the default for LAMBDA_TASK_ROOT', async () => {
    await using root = await makeTaskRoot({ 'index.cjs': cjs('working directory') });
    await using runtime = await startRuntime({ handler: 'index.handler', taskRoot: null, cwd: root.path });
    expect(await runtime.invoke({})).toBe('working directory');
  });

  it('without a handler, the command says what to set and exits with code 1', async () => {
    await using runtime = await startRuntime({});
    expect(await runtime.exited).toMatchObject({ code: 1, signal: null });
    expect(runtime.output.stderr).toContain(
      '_HANDLER is not set: set it, or pass the handler as an argument, for example index.handler',
    );
  });
});
