import { existsSync, realpathSync } from 'node:fs';
import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';
import { makePackage, startScript } from './start-script.ts';

/** What the handler sees of the process that a script has started. */
interface Facts {
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
  /** The file that Node.js runs, from a service of the bootstrap. */
  readonly main: string | undefined;
  /** What the layer's module has left in this thread. */
  readonly instrumented: string | undefined;
}

const FACTS = `
const { env, execArgv } = process;
const facts = (main) => ({ env: { ...env }, execArgv, main, instrumented: globalThis.instrumented });
`;
const YOUNG_GENERATION = '--max-semi-space-size=16';
/** The command line of AWS's client. */
const CLIENT = ['/var/lang/bin/node', '--expose-gc', '/var/runtime/index.mjs'];
/** The shells of Alpine, Debian and Amazon Linux, as far as this machine has them. */
const INSTALLED = [
  ['/bin/sh'],
  ['/usr/bin/busybox', 'sh'],
  ['/usr/bin/dash'],
  ['/usr/bin/bash', '--posix'],
].filter(([shell = '']) => existsSync(shell));
const SHELLS = [
  ...new Map(INSTALLED.map(([shell = '', ...args]) => [realpathSync(shell), [shell, ...args]])).values(),
];

let runtime: TaskRoot;
let task: TaskRoot;
let layer: TaskRoot;
let scripts: string;

beforeAll(async () => {
  runtime = await makePackage();
  task = await makeTaskRoot({
    'package.json': '{"type":"module"}',
    'handler.js': `${FACTS} export const handler = () => facts();`,
    'other.js': 'export const handler = () => "other";',
    'served.ts': `import { useServices } from 'lambda-managed-runtime/worker';
${FACTS} const { main } = useServices<typeof import('./services.ts')>();
export const handler = async () => facts(await main());`,
    'services.ts': "export const main = (): string => process.argv[1] ?? '';",
    'main.ts': `import { createManagedRuntime } from 'lambda-managed-runtime';
const url = (file: string): URL => new URL(file, import.meta.url);
await createManagedRuntime(url('./served.ts'), { services: url('./services.ts') }).run();`,
  });
  await mkdir(`${task.path}/node_modules`);
  await symlink(runtime.path, `${task.path}/node_modules/lambda-managed-runtime`);
  scripts = `${task.path}/node_modules/lambda-managed-runtime/deploy`;
  layer = await makeTaskRoot({
    // As instrumentation layers do.
    'sets-options': `#!/bin/sh
export NODE_OPTIONS="\${NODE_OPTIONS:-} --import ${'${0%/*}'}/instrument.mjs"
exec "$@"`,
    'adds-flag': `#!/bin/sh
node=$1; shift
exec "$node" --import "\${0%/*}/instrument.mjs" "$@"`,
    // Has its own variable for the next wrapper.
    chains: `#!/bin/sh
export NODE_OPTIONS="--import \${0%/*}/instrument.mjs"
exec "$LAYERS_NEXT_WRAPPER" "$@"`,
    'instrument.mjs': "globalThis.instrumented = 'by the layer';",
  });
  for (const script of ['sets-options', 'adds-flag', 'chains']) await chmod(`${layer.path}/${script}`, 0o755);
});
afterAll(async () => {
  for (const folder of [task, layer, runtime]) await folder[Symbol.asyncDispose]();
});

/** Starts a command line as Lambda does. Resolves with what the handler sees, after SIGTERM has ended it. */
async function factsOf(command: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Facts> {
  await using started = await startScript({ command, taskRoot: task.path, env });
  const facts = await started.invoke<Facts>({});
  // The signal reaches the runtime, which drains: no shell stands between it and Lambda.
  expect(await started.stop()).toEqual({ code: 0, signal: null });
  return facts;
}

describe.each(SHELLS)('with the shell %s', (...shell) => {
  it('exec-wrapper serves the handler of _HANDLER, whatever its arguments', async () => {
    const { execArgv } = await factsOf([...shell, `${scripts}/exec-wrapper`, ...CLIENT]);
    expect(execArgv).toEqual([YOUNG_GENERATION]);
  });

  it('bootstrap serves the handler of its argument', async () => {
    const command = [...shell, `${scripts}/bootstrap`, 'other.handler'];
    await using started = await startScript({ command, taskRoot: task.path, env: { _HANDLER: undefined } });
    expect(await started.invoke({})).toBe('other');
  });

  it('_HANDLER takes precedence over the argument of bootstrap', async () => {
    const command = [...shell, `${scripts}/bootstrap`, 'other.handler'];
    expect(await factsOf(command)).toHaveProperty('env._HANDLER', 'handler.handler');
  });

  it('modules that an image preloads see _HANDLER and LAMBDA_TASK_ROOT', async () => {
    const command = [...shell, `${scripts}/bootstrap`, 'handler.handler'];
    const preload = `data:text/javascript,globalThis.instrumented = process.env._HANDLER + ' in ' + process.env.LAMBDA_TASK_ROOT`;
    // Uses the main thread, where preloads run before the runtime.
    const env = {
      AWS_LAMBDA_MAX_CONCURRENCY: '1',
      NODE_OPTIONS: `--import "${preload.replaceAll(' ', '%20')}"`,
      _HANDLER: undefined,
    };
    expect(await factsOf(command, env)).toHaveProperty('instrumented', `handler.handler in ${task.path}`);
  });

  it('exec-wrapper starts the bootstrap of LMR_BOOTSTRAP through the next wrapper', async () => {
    const env = { LMR_BOOTSTRAP: 'main.ts', LMR_NEXT_WRAPPER: `${layer.path}/sets-options` };
    const facts = await factsOf([...shell, `${scripts}/exec-wrapper`, ...CLIENT], env);
    expect(facts).toMatchObject({
      main: `${task.path}/main.ts`,
      instrumented: 'by the layer',
      execArgv: [YOUNG_GENERATION],
      env: {
        UV_THREADPOOL_SIZE: '4',
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '8388608',
        MALLOC_TRIM_THRESHOLD_: '16777216',
      },
    });
  });
});

it.each([
  ['the default', {}, '4', '2', [YOUNG_GENERATION]],
  [
    'many slots',
    { AWS_LAMBDA_MAX_CONCURRENCY: '8', AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' },
    '8',
    '2',
    [YOUNG_GENERATION],
  ],
  [
    'more slots than the pool may have threads',
    { AWS_LAMBDA_MAX_CONCURRENCY: '65', AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' },
    '64',
    '2',
    [YOUNG_GENERATION],
  ],
  ['one slot, whose handler is on the main thread', { AWS_LAMBDA_MAX_CONCURRENCY: '1' }, '4', '2', []],
  [
    'values of the function',
    {
      MALLOC_ARENA_MAX: '4',
      MALLOC_MMAP_THRESHOLD_: '65536',
      UV_THREADPOOL_SIZE: '7',
      NODE_OPTIONS: '--max_semi_space_size=32',
    },
    '7',
    '4',
    [],
  ],
])('the variables and the flag are set for %s', async (_what, env, poolSize, arenas, flags) => {
  const facts = await factsOf([`${scripts}/exec-wrapper`], env);
  expect(facts.env).toMatchObject({
    UV_THREADPOOL_SIZE: poolSize,
    MALLOC_ARENA_MAX: arenas,
    MALLOC_MMAP_THRESHOLD_: arenas === '2' ? '8388608' : '65536',
    MALLOC_TRIM_THRESHOLD_: '16777216',
  });
  expect(facts.execArgv).toEqual(flags);
});

it('LMR_BOOTSTRAP can be an absolute path', async () => {
  const { main } = await factsOf([`${scripts}/bootstrap`], { LMR_BOOTSTRAP: `${task.path}/main.ts` });
  expect(main).toBe(`${task.path}/main.ts`);
});

it('a bootstrap that does not exist is an error', async () => {
  const command = [`${scripts}/exec-wrapper`];
  const env = { LMR_BOOTSTRAP: 'none.ts' };
  await using started = await startScript({ command, taskRoot: task.path, env });
  expect(await started.exited).toEqual({ code: 1, signal: null });
  expect(started.output.stderr).toBe(
    `${command[0]}: LMR_BOOTSTRAP is none.ts, but there is no file ${task.path}/none.ts.\n`,
  );
});

it.each(['exec-wrapper', 'bootstrap'])('a copy of %s finds the package of the function', async (script) => {
  await copyFile(`${scripts}/${script}`, `${task.path}/${script}`);
  expect((await factsOf([`${task.path}/${script}`])).execArgv).toEqual([YOUNG_GENERATION]);
  const elsewhere = `${layer.path}/${script}`;
  await copyFile(`${scripts}/${script}`, elsewhere);
  await using started = await startScript({ command: [elsewhere], taskRoot: layer.path });
  expect(await started.exited).toEqual({ code: 1, signal: null });
  expect(started.output.stderr).toBe(
    `${elsewhere}: the package lambda-managed-runtime is neither in the function nor in a layer.\n`,
  );
});

it('bootstrap uses the Node.js of the function', async () => {
  await mkdir(`${task.path}/bin`);
  await symlink(process.execPath, `${task.path}/bin/node`);
  const shell = `${layer.path}/only-sh`;
  await mkdir(shell);
  await symlink('/bin/sh', `${shell}/sh`);
  expect(await factsOf([`${scripts}/bootstrap`], { PATH: shell })).toMatchObject({
    execArgv: [YOUNG_GENERATION],
  });
});

it.each([
  ['sets NODE_OPTIONS', 'sets-options', [YOUNG_GENERATION]],
  ['adds a flag of Node.js', 'adds-flag', ['--import', 'instrument.mjs', YOUNG_GENERATION]],
])('the next wrapper, which %s, starts the command', async (_what, next, flags) => {
  const facts = await factsOf([`${scripts}/exec-wrapper`], { LMR_NEXT_WRAPPER: `${layer.path}/${next}` });
  expect(facts.instrumented).toBe('by the layer');
  expect(facts.execArgv.map((arg) => arg.replace(`${layer.path}/`, ''))).toEqual(flags);
  // Otherwise, a wrapper that starts this one would be started by it again.
  expect(facts.env).not.toHaveProperty('LMR_NEXT_WRAPPER');
});

it('exec-wrapper can be the next wrapper of another wrapper', async () => {
  const env = { LAYERS_NEXT_WRAPPER: `${scripts}/exec-wrapper` };
  const facts = await factsOf([`${layer.path}/chains`, ...CLIENT], env);
  expect(facts.instrumented).toBe('by the layer');
  expect(facts.execArgv).toEqual([YOUNG_GENERATION]);
});
