import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ErrorBody } from '../../local/invoke.ts';
import type { RuntimeApiServer } from '../../local/runtime-api-server.ts';
import { ENTRY_FILES } from '../../package-files.ts';
import type { ManagedRuntimeOptions } from '../../config/options.ts';
import type { CpuProfiles } from '../../profiling/profiles.ts';
import { threadpoolSize } from '../serve.ts';
import { BenchError } from './bench-error.ts';
import { invocationsPerThread } from './measurement.ts';
import type { Setup } from './measurement.ts';

/** The function that is measured. */
export interface MeasuredFunction {
  readonly workerFile: string;
  readonly modules: Modules;
  readonly log: OutputFile;
}

/** The measured runtime, in its own process. */
export class RuntimeProcess implements AsyncDisposable {
  /** Rejects with a BenchError when the runtime cannot start or ends unexpectedly. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<Exit>;
  #ending = false;

  constructor({ workerFile, modules, log }: MeasuredFunction, setup: Setup, api: RuntimeApiServer) {
    const settings: RuntimeSettings = {
      ...modules,
      workerFile,
      concurrency: setup.slots,
      // With one slot, `bench` measures single mode, which a number of threads would turn off.
      threads: setup.slots === 1 ? undefined : setup.threads,
      invocationsPerThread: invocationsPerThread(setup),
    };
    this.#child = log.with((output) =>
      fork(ENTRY_FILES.benchRuntime, [JSON.stringify(settings)], {
        stdio: ['ignore', output, output, 'ipc'],
        env: {
          ...process.env,
          AWS_LAMBDA_RUNTIME_API: api.address,
          AWS_LAMBDA_MAX_CONCURRENCY: String(setup.slots),
          AWS_LAMBDA_NODEJS_WORKER_COUNT: undefined,
          UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? threadpoolSize(setup.slots),
        },
      }),
    );
    alive.add(this.#child);
    this.#exited = once(this.#child, 'close').then(
      ([code, signal]: Exit[number][]) => [code, signal] as Exit,
    );
    this.failed = this.#failure(api, log);
    // Callers observe the rejection through unlessFailed().
    this.failed.catch(() => undefined);
  }

  /** Resolves when all threads have started, with the number of usable slots. Memory may limit that number. */
  async ready(): Promise<number> {
    for (let before = 0; ;) {
      const { startingThreads, usableSlots } = await this.metrics();
      if (startingThreads === 0 && usableSlots > 0 && usableSlots === before) return usableSlots;
      before = usableSlots;
      await this.unlessFailed(setTimeout(POLL_MS));
    }
  }

  async metrics(): Promise<ProcessMetrics> {
    const { promise, resolve } = Promise.withResolvers<ProcessMetrics>();
    const receive = (message: FromRuntime): void => {
      if (message.type !== 'metrics') return;
      this.#child.off('message', receive);
      resolve(message);
    };
    this.#child.on('message', receive);
    // If the process has ended, `failed` rejects.
    this.#child.send('read-metrics', () => undefined);
    return this.unlessFailed(promise);
  }

  /** Profiles all threads of the runtime. */
  async profile(seconds: number): Promise<CpuProfiles> {
    const { promise, resolve, reject } = Promise.withResolvers<CpuProfiles>();
    const receive = (message: FromRuntime): void => {
      if (message.type === 'profiled') resolve(message.profiles);
      else if (message.type === 'not-profiled') reject(new BenchError(message.message));
      else return;
      this.#child.off('message', receive);
    };
    this.#child.on('message', receive);
    this.#child.send({ seconds } satisfies ProfileRequest, () => undefined);
    return this.unlessFailed(promise);
  }

  unlessFailed<Value>(promise: Promise<Value>): Promise<Value> {
    return Promise.race([promise, this.failed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #failure(api: RuntimeApiServer, log: OutputFile): Promise<never> {
    let reported: string | undefined;
    this.#child.on('message', (message: FromRuntime) => {
      if (message.type === 'failed') reported = message.message;
    });
    const [code, signal] = await this.#exited;
    alive.delete(this.#child);
    if (this.#ending) return new Promise(() => undefined);
    const initError = api.initErrors[0]?.error;
    if (initError !== undefined) {
      throw new BenchError(`Cannot load the handler. ${describeError(initError)}`);
    }
    const reason =
      reported ?? `The runtime ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}.`;
    throw new BenchError(`${reason}\n${log.keep()}`);
  }
}

/** Formats an error with the first line of its stack trace, if it has one. */
function describeError({ errorType, errorMessage, stackTrace }: ErrorBody): string {
  const location = stackTrace?.find((line) => /^\s*at |^\s*file:/.test(line));
  return [`${errorType}: ${errorMessage}`, ...(location === undefined ? [] : [`  ${location.trim()}`])].join(
    '\n',
  );
}

type Exit = readonly [code: number | null, signal: NodeJS.Signals | null];

const alive = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const POLL_MS = 50;

/** The options of `createManagedRuntime` that name modules. */
export type Modules = Pick<ManagedRuntimeOptions, 'services' | 'sharedData' | 'codec' | 'preload'>;

/** The only argument of the measured process, as JSON. */
export interface RuntimeSettings extends Modules {
  readonly workerFile: string;
  readonly concurrency: number;
  readonly threads: number | undefined;
  readonly invocationsPerThread: number;
}

/**
 * Messages of the measured process: `profiled` or `not-profiled` answers a {@link ProfileRequest}, `metrics` any other message,
 * `failed` reports that the runtime ended.
 */
export type FromRuntime =
  | {
      readonly type: 'metrics';
      /** On the clock of the measured process. */
      readonly atMs: number;
      readonly cpuMs: number;
      /** The total time that its threads were runnable but had no core. */
      readonly coreDelayMs: number;
      readonly peakMemoryMiB: number;
      readonly startingThreads: number;
      /** Slots with a thread to run on. */
      readonly usableSlots: number;
    }
  | { readonly type: 'profiled'; readonly profiles: CpuProfiles }
  | { readonly type: 'not-profiled' | 'failed'; readonly message: string };

/** Asks the measured process for profiles. */
export interface ProfileRequest {
  readonly seconds: number;
}

export type ProcessMetrics = Extract<FromRuntime, { type: 'metrics' }>;

/** The file that receives the output of the runtime and the handler, which keeps the terminal free for `bench`. */
export class OutputFile {
  readonly file: string;
  #kept: boolean;

  /** @param file the user's log file. Without one, the log is a temporary file, removed at exit unless {@link keep} is called. */
  constructor(file: string | undefined) {
    this.#kept = file !== undefined;
    this.file = file ?? join(mkdtempSync(join(tmpdir(), 'lambda-managed-runtime-bench-')), 'handler.log');
    writeFileSync(this.file, '');
    if (file === undefined) process.once('exit', () => this.#remove());
  }

  /** Calls `use` with a descriptor of the file. The processes of all sizes append to it. */
  with<Result>(use: (fd: number) => Result): Result {
    const fd = openSync(this.file, 'a');
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Keeps the file. Returns a text with its last lines and its path. */
  keep(): string {
    this.#kept = true;
    const lines = readFileSync(this.file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES);
    const shown = lines.map((line) => `  ${line.slice(0, SHOWN_CHARACTERS)}`).join('\n');
    return `Last lines of the handler log (full log: ${this.file}):\n${shown}`;
  }

  #remove(): void {
    if (!this.#kept) rmSync(join(this.file, '..'), { recursive: true, force: true });
  }
}

const SHOWN_LINES = 8;
const SHOWN_CHARACTERS = 300;
