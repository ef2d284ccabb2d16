import { fork, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { ENTRIES_ENV } from './package-files.ts';

interface ChildOptions {
  readonly cwd?: string | undefined;
  readonly stdio?: StdioOptions | undefined;
  readonly execArgv?: readonly string[] | undefined;
  /** The descriptor limit (`ulimit -n`). Default: the limit of this process. */
  readonly descriptors?: number | undefined;
  /** Fixtures load the sources, also where the tests run the built package. */
  readonly sources?: boolean | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts a file with only those variables of this environment that Node.js needs. Default: all output is piped. */
export function start(
  file: string,
  args: readonly string[],
  {
    cwd = tmpdir(),
    stdio = ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv = [],
    descriptors,
    sources = false,
    env,
  }: ChildOptions,
): ChildProcess {
  const nodeArgs = [...(COVERAGE ? ['--import', EXIT_WHEN_ASKED] : []), ...execArgv];
  const options: SpawnOptions = {
    cwd,
    stdio,
    env: { ...NODE_VARIABLES, ...(!sources && ENTRIES_ENV), ...env },
  };
  if (descriptors === undefined) return fork(file, args, { ...options, execArgv: nodeArgs });
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath];
  return spawn('sh', [...limited, ...nodeArgs, file, ...args], options);
}

/** The variables of this environment that a process of Node.js needs. The sources start faster with the compile cache. */
export const NODE_VARIABLES: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  NODE_DISABLE_COMPILE_CACHE: process.env['NODE_DISABLE_COMPILE_CACHE'],
};

/** Ends a process, even if its main thread is busy. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (COVERAGE) {
    child.kill('SIGUSR2');
    await Promise.race([exited, setTimeout(EXIT_TIMEOUT_MS, undefined, { ref: false })]);
  }
  child.kill('SIGKILL');
  await exited;
}

/** `npm run coverage` sets this variable, and all child processes inherit it. */
const COVERAGE = process.env['NODE_V8_COVERAGE'] !== undefined;
const EXIT_WHEN_ASKED = new URL('../coverage/exit-when-asked.mjs', import.meta.url).href;

/** A process with a busy main thread does not exit within this time, and is killed. */
const EXIT_TIMEOUT_MS = 5_000;
