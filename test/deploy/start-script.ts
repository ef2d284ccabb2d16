import { spawn } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { NODE_VARIABLES } from '../helpers/child-process.ts';
import { LONG_TIMEOUT, RunningRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

/** Makes a folder with the package, which is not built here: modules that import the sources stand for `dist`. */
export async function makePackage(): Promise<TaskRoot> {
  const sources = { main: 'src/cli/main.ts', index: 'src/index.ts', worker: 'workers/index.ts' };
  const root = await makeTaskRoot({
    'package.json': JSON.stringify({
      name: 'lambda-managed-runtime',
      type: 'module',
      exports: { '.': './index.js', './worker': './worker.js' },
    }),
    'dist/src/cli/main.js': `import 'file://${PROJECT}${sources.main}';`,
    'index.js': `export * from 'file://${PROJECT}${sources.index}';`,
    'worker.js': `export * from 'file://${PROJECT}${sources.worker}';`,
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
