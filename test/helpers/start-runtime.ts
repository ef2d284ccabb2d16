import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { InvokeError, InvokeOptions, InvokeResponse } from '../../src/local/invoke.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { end, start } from './child-process.ts';
import { entryFile, sourceFile } from './package-files.ts';
import { ProcessOutput } from './process-output.ts';
import type { LogLine } from './process-output.ts';

// Tests run real processes and threads on a shared machine. The timeout only ends tests that hang.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** The options of `expect.poll`, with a timeout that also only ends tests that hang. */
export const POLL_OPTIONS = { timeout: 60_000 };

/** The function timeout of the Runtime API server, for tests that do not depend on the deadline. */
export const LONG_TIMEOUT = { timeoutMs: 110_000 };

export const HANDLERS = fileURLToPath(new URL('../fixtures/handlers/', import.meta.url));
const BOOTSTRAPS = new URL('../fixtures/bootstraps/', import.meta.url);
const COMMAND = 'src/cli/main.ts';

export interface RuntimeOptions {
  /** The argument of the command. */
  readonly handler?: string;
  /** Further arguments of the command. */
  readonly args?: readonly string[];
  /** A file in fixtures/bootstraps to run instead of the command. */
  readonly bootstrap?: string;
  /** LAMBDA_TASK_ROOT. Default: the fixtures; null for none. */
  readonly taskRoot?: string | null;
  /** AWS_LAMBDA_MAX_CONCURRENCY. */
  readonly concurrency?: number;
  readonly cwd?: string;
  /** The descriptor limit of the process (`ulimit -n`). */
  readonly descriptors?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** Runs the sources, also where the tests run the built package: for tests of which source modules are loaded. */
  readonly sources?: boolean;
  /** The option `stdio` of `fork`. Default: all piped. */
  readonly stdio?: StdioOptions;
  /** Prepares the server before the process starts. */
  readonly prepare?: (api: RuntimeApiServer) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A runtime in its own process, connected to a local Runtime API server. */
export class RunningRuntime implements AsyncDisposable {
  readonly api: RuntimeApiServer;
  readonly child: ChildProcess;
  readonly output: ProcessOutput;
  readonly exited: Promise<Exit>;
  readonly #gone: Promise<never>;

  constructor(api: RuntimeApiServer, child: ChildProcess) {
    this.api = api;
    this.child = child;
    this.output = new ProcessOutput(child);
    // Waits for 'close' instead of 'exit', because all output has been read by then.
    this.exited = once(child, 'close').then(([code, signal]: Exit[keyof Exit][]) => {
      api.runtimeExited();
      return { code, signal } as Exit;
    });
    this.#gone = this.exited.then((exit): never => {
      const { stdout, stderr } = this.output;
      throw new Error(
        `The runtime exited: ${JSON.stringify(exit)}\n${stdout.slice(0, 2000)}${stderr.slice(0, 1000)}`,
      );
    });
    this.#gone.catch(() => undefined);
  }

  get log(): LogLine[] {
    return this.output.log;
  }

  whenPolling(count: number): Promise<void> {
    return this.unlessExited(this.api.whenPolling(count));
  }

  whenLogged(message: RegExp): Promise<LogLine> {
    return this.unlessExited(this.output.whenLogged(message));
  }

  /** Invokes with JSON and resolves with the handler's result. Rejects if it fails. */
  async invoke<Result = unknown>(event: unknown, options: InvokeOptions = {}): Promise<Result> {
    const { body } = await this.response(JSON.stringify(event), options);
    return JSON.parse(body.toString()) as Result;
  }

  async response(event: string | Uint8Array, options: InvokeOptions = {}): Promise<InvokeResponse> {
    const result = await this.unlessExited(this.api.invoke(event, { whenCapacity: true, ...options }));
    if (result.status === 'response') return result;
    throw new Error(`No response, but ${JSON.stringify('error' in result ? result.error : result)}`);
  }

  /** Invokes with JSON and resolves with the error that was posted. Rejects if there is none. */
  async failure(event: unknown, options: InvokeOptions = {}): Promise<InvokeError> {
    const invocation = this.api.invoke(JSON.stringify(event), { whenCapacity: true, ...options });
    const result = await this.unlessExited(invocation);
    if (result.status === 'error') return result;
    throw new Error(`No error, but ${result.status} ${'body' in result ? String(result.body) : ''}`);
  }

  stop(): Promise<Exit> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.child);
    await this.exited;
    await this.api.close();
  }

  /** Rejects if the process ends before the promise settles. */
  unlessExited<Value>(promise: Promise<Value>): Promise<Value> {
    return Promise.race([promise, this.#gone]);
  }
}

/** Starts the command or a bootstrap. */
export async function startRuntime(options: RuntimeOptions): Promise<RunningRuntime> {
  const api = await startRuntimeApiServer(LONG_TIMEOUT);
  options.prepare?.(api);
  const command = options.sources === true ? sourceFile(COMMAND) : entryFile(COMMAND);
  const [file, args] =
    options.bootstrap === undefined
      ? [command, [...(options.handler === undefined ? [] : [options.handler]), ...(options.args ?? [])]]
      : [fileURLToPath(new URL(options.bootstrap, BOOTSTRAPS)), []];
  const taskRoot = options.taskRoot === undefined ? HANDLERS : options.taskRoot;
  const { cwd, stdio, execArgv, descriptors, sources } = options;
  const child = start(file, args, {
    cwd,
    stdio,
    execArgv,
    descriptors,
    sources,
    env: {
      AWS_LAMBDA_RUNTIME_API: api.address,
      ...(taskRoot === null ? {} : { LAMBDA_TASK_ROOT: taskRoot }),
      ...(options.concurrency === undefined
        ? {}
        : { AWS_LAMBDA_MAX_CONCURRENCY: String(options.concurrency) }),
      ...options.env,
    },
  });
  return new RunningRuntime(api, child);
}

/** Starts a bootstrap with a worker file of the fixtures and options. */
export function startBootstrap(
  workerFile: string,
  options: ManagedRuntimeOptions,
  more: RuntimeOptions = {},
): Promise<RunningRuntime> {
  const env = { WORKER_FILE: workerFile, OPTIONS: JSON.stringify(options), ...more.env };
  return startRuntime({ bootstrap: 'serve.ts', cwd: HANDLERS, ...more, env });
}

/**
 * Both modes, for describe.each, as the environment and as the options of a bootstrap. Thread mode uses one thread, which is
 * the cheapest.
 */
export const MODES: readonly (readonly [
  mode: string,
  settings: Pick<RuntimeOptions, 'concurrency' | 'env'>,
  options: Pick<ManagedRuntimeOptions, 'concurrency' | 'threads'>,
])[] = [
  ['single mode', { concurrency: 1 }, { concurrency: 1 }],
  [
    'thread mode',
    { concurrency: 2, env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' } },
    { concurrency: 2, threads: 1 },
  ],
];
