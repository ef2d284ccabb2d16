import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Options of {@link startFunction}. */
export interface FunctionSettings {
  /** `host:port` of the Runtime API that the function polls. */
  readonly runtimeApi: string;
  readonly slots: number;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives each line of stdout, with the log from level INFO. Without it, the log starts at level WARN. */
  readonly onLogLine?: (line: string) => void;
}

/** A process that serves a function. It ends when this process exits. */
export interface FunctionProcess {
  /** Rejects with the process's output if it ends unexpectedly. Never resolves. */
  readonly failed: Promise<never>;
  /** Stops the process. It may finish its invocations within 2 s. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a bootstrap file as Lambda does, with its configuration in environment variables. */
export function startFunction(
  bootstrap: URL,
  { runtimeApi, slots, env, onLogLine }: FunctionSettings,
): FunctionProcess {
  const child = spawn(process.execPath, [fileURLToPath(bootstrap)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      AWS_LAMBDA_RUNTIME_API: runtimeApi,
      AWS_LAMBDA_MAX_CONCURRENCY: String(slots),
      AWS_LAMBDA_LOG_LEVEL: onLogLine === undefined ? 'WARN' : 'INFO',
      // libuv's thread pool runs sharp and asynchronous crypto, and all threads share it.
      UV_THREADPOOL_SIZE: String(Math.max(slots, 4)),
      ...env,
    },
  });
  if (onLogLine !== undefined) createInterface(child.stdout).on('line', onLogLine);
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  child.on('close', () => process.off('exit', kill));
  const failed = failureOf(child);
  failed.catch(() => undefined);
  return { failed, stop: () => stop(child, kill) };
}

const STOP_TIMEOUT_MS = 2_000;
const KEPT_OUTPUT = 4_000;

async function failureOf(child: ChildProcess): Promise<never> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-KEPT_OUTPUT)));
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  throw new Error(`The function's process ended with ${signal ?? `exit code ${code}`}.\n${output}`.trimEnd());
}

async function stop(child: ChildProcess, kill: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  const timer = setTimeout(kill, STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(timer);
}
