import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A child process that does not outlive the benchmark. */
export interface Child {
  readonly process: ChildProcess & { readonly pid: number };
  readonly pid: number;
  /** Rejects with the end of the process's output if it ends without {@link kill}. */
  readonly died: Promise<never>;
  /** The start time, fractional epoch ms. */
  readonly startedMs: number;
  /** Sends SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
}

export interface ChildSettings {
  /** The CPUs that the process may use, as a `taskset` list; undefined for all. */
  readonly cpus: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  readonly ipc?: boolean;
}

/** Starts a program. `shown` is its name in errors. */
export function startChild(shown: string, command: readonly string[], settings: ChildSettings): Child {
  const [file = '', ...args] =
    settings.cpus === undefined ? command : ['taskset', '--cpu-list', settings.cpus, ...command];
  const startedMs = performance.timeOrigin + performance.now();
  const child = spawn(file, args, {
    env: settings.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe', ...(settings.ipc === true ? (['ipc'] as const) : [])],
  });
  alive.add(child);
  const output = lastLines(child);
  let killed = false;
  const died = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${shown} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      alive.delete(child);
      if (killed) return;
      const how = signal === null ? `with code ${code}` : `by ${signal}`;
      reject(new Error(`${shown} ended ${how}. The end of its output:\n${output()}`));
    });
  });
  // Callers observe the rejection where they await it.
  died.catch(() => undefined);
  return {
    process: child as Child['process'],
    pid: child.pid ?? 0,
    died,
    startedMs,
    async kill() {
      killed = true;
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

const alive = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const KEPT_CHARACTERS = 4_000;

function lastLines(child: ChildProcess): () => string {
  let kept = '';
  const keep = (chunk: Buffer): void => {
    kept = `${kept}${chunk.toString()}`.slice(-KEPT_CHARACTERS);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => kept.trim().split('\n').slice(-20).join('\n') || '(nothing)';
}
