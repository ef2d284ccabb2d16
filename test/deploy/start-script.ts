import { spawn } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { NODE_VARIABLES } from '../helpers/child-process.ts';
import { entryFile } from '../helpers/package-files.ts';
import { LONG_TIMEOUT, RunningRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Makes a folder with the package, in which modules that import its entries stand for `dist`. */
export async function makePackage(): Promise<TaskRoot> {
  const entry = (source: string) => JSON.stringify(pathToFileURL(entryFile(source)));
  const root = await makeTaskRoot({
    'package.json': JSON.stringify({
      name: 'lambda-managed-runtime',
      type: 'module',
      exports: { '.': './index.js', './worker': './worker.js' },
    }),
    'dist/src/cli/main.js': `import ${entry('src/cli/main.ts')};`,
    'index.js': `export * from ${entry('src/index.ts')};`,
    'worker.js': `export * from ${entry('workers/index.ts')};`,
  });
  // Copies, because the scripts find the package beside themselves.
  await mkdir(`${root.path}/deploy`);
  await cp(`${PROJECT}deploy`, `${root.path}/deploy`, { recursive: true });
  return root;
}

interface Script {
  /** The command line: the script and its arguments. */
  readonly command: readonly string[];
  readonly taskRoot: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a script as Lambda does: with the function's environment and `/` as working directory. */
export async function startScript({ command, taskRoot, env }: Script): Promise<RunningRuntime> {
  const api = await startRuntimeApiServer(LONG_TIMEOUT);
  const [script = '', ...args] = command;
  const child = spawn(script, args, {
    cwd: '/',
    env: {
      ...NODE_VARIABLES,
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: 'handler.handler',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new RunningRuntime(api, child);
}
