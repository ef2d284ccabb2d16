import { fork, spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

interface ChildOptions {
  readonly cwd?: string | undefined;
  readonly stdio?: StdioOptions | undefined;
  readonly execArgv?: readonly string[] | undefined;
  /** The most descriptors that it may have open (`ulimit -n`); our own limit by default. */
  readonly descriptors?: number | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** Starts a file with nothing of our own environment but what Node needs. All output is piped by default. */
export function start(
  file: string,
  args: readonly string[],
  {
    cwd = tmpdir(),
    stdio = ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv = [],
    descriptors,
    env,
  }: ChildOptions,
): ChildProcess {
  const nodeArgs = [...(COVERAGE ? ['--import', EXIT_WHEN_ASKED] : []), ...execArgv];
  const options: SpawnOptions = {
    cwd,
    stdio,
    env: {
      PATH: process.env['PATH'],
      // What comes from the cache is not counted exactly.
      ...(!COVERAGE && { NODE_COMPILE_CACHE: join(tmpdir(), 'lambda-managed-runtime-tests') }),
      ...env,
    },
  };
  if (descriptors === undefined) return fork(file, args, { ...options, execArgv: nodeArgs });
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath];
  return spawn('sh', [...limited, ...nodeArgs, file, ...args], options);
}

/** Ends it, whatever it does. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (COVERAGE) {
    child.kill('SIGUSR2');
    await Promise.race([exited, setTimeout(PATIENCE_MS, undefined, { ref: false })]);
  }
  child.kill('SIGKILL');
  await exited;
}

/** Set by `npm run coverage`; Node hands it to all processes. */
const COVERAGE = process.env['NODE_V8_COVERAGE'] !== undefined;
const EXIT_WHEN_ASKED = new URL('../coverage/exit-when-asked.ts', import.meta.url).href;

/** A main thread that spins cannot exit. */
const PATIENCE_MS = 5_000;
