import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { MEMORY_MIB } from './events.ts';

/** The runtime under test, in its own process. */
export interface StressedRuntime {
  readonly pid: number;
  /** Resolves with the exit code or signal. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly hasExited: boolean;
  /** The number of log lines by message. Messages are truncated. */
  readonly logged: ReadonlyMap<string, number>;
  /** The number of threads started: the highest thread number in the log. */
  readonly threadsStarted: number;
  /** The length of the longest log line, in characters. */
  readonly longestLine: number;
  /** Log lines that are not JSON. */
  readonly brokenLines: readonly string[];
  stop(): void;
  kill(): void;
}

export interface Setup {
  /** The `index.js` of the built package. */
  readonly runtime: string;
  readonly runtimeApi: string;
  readonly slots: number;
  readonly threads: number;
}

/**
 * Starts the runtime with the settings of the scripts in deploy, and with a low descriptor limit, so that a handler
 * can exhaust it.
 */
export function startStressedRuntime({ runtime, runtimeApi, slots, threads }: Setup): StressedRuntime {
  const bootstrap = fileURLToPath(new URL('./bootstrap.mjs', import.meta.url));
  const limited = `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`;
  const child = spawn(
    'sh',
    ['-c', limited, process.execPath, '--max-semi-space-size=16', '--expose-gc', bootstrap, runtime],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '8388608',
        MALLOC_TRIM_THRESHOLD_: '16777216',
        ...process.env,
        AWS_LAMBDA_RUNTIME_API: runtimeApi,
        AWS_LAMBDA_MAX_CONCURRENCY: String(slots),
        AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MEMORY_MIB),
      },
    },
  );
  process.on('exit', () => child.kill('SIGKILL'));
  const logged = new Map<string, number>();
  const brokenLines: string[] = [];
  let longestLine = 0;
  let threadsStarted = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    longestLine = Math.max(longestLine, line.length);
    const parsed = parse(line);
    if (parsed === undefined) return brokenLines.push(line.slice(0, KEPT_CHARACTERS));
    const message = nameOf(parsed.message).split('\n', 1)[0]?.slice(0, KEPT_CHARACTERS) ?? '';
    logged.set(message, (logged.get(message) ?? 0) + 1);
    if (typeof parsed.thread === 'number') threadsStarted = Math.max(threadsStarted, parsed.thread);
  });
  return {
    pid: child.pid as number,
    exited: once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals),
    get hasExited() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    logged,
    get threadsStarted() {
      return threadsStarted;
    },
    get longestLine() {
      return longestLine;
    },
    brokenLines,
    stop: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
  };
}

/** Enough for all slots and threads, but quickly exhausted. */
const DESCRIPTORS = 512;

const KEPT_CHARACTERS = 60;

/** The message of a thrown error is an object. */
function nameOf(message: unknown): string {
  if (typeof message !== 'object' || message === null) return String(message);
  return `${(message as { errorType?: unknown }).errorType} as an object`;
}

function parse(line: string): { readonly message?: unknown; readonly thread?: unknown } | undefined {
  try {
    return JSON.parse(line) as object;
  } catch {
    return undefined;
  }
}
