import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ErrorBody } from '../../local/invoke.ts';
import type { RuntimeApiServer } from '../../local/runtime-api-server.ts';
import { ENTRIES } from '../../package-files.ts';
import type { ManagedRuntimeOptions } from '../../config/options.ts';
import { threadpoolSize } from '../serve.ts';
import { BenchError } from './flags.ts';
import { invocationsPerThread } from './measurement.ts';
import type { Setup } from './measurement.ts';

/** What is measured, whatever the setup. */
export interface Measured {
  readonly workerFile: string;
  readonly modules: Modules;
  readonly log: HandlerLog;
}

/** The runtime that is measured, in a process of its own. */
export class RuntimeProcess implements AsyncDisposable {
  /** Rejects, with the reason, when the runtime cannot start or ends by itself. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<Exit>;
  #ending = false;

  constructor({ workerFile, modules, log }: Measured, setup: Setup, api: RuntimeApiServer) {
    const settings: RuntimeSettings = {
      ...modules,
      workerFile,
      concurrency: setup.slots,
      threads: setup.threads,
      invocationsPerThread: invocationsPerThread(setup),
    };
    this.#child = log.with((output) =>
      fork(ENTRIES.benchRuntime, [JSON.stringify(settings)], {
        stdio: ['ignore', output, output, 'ipc'],
        env: {
          ...process.env,
          AWS_LAMBDA_RUNTIME_API: api.address,
          AWS_LAMBDA_MAX_CONCURRENCY: String(setup.slots),
          UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? threadpoolSize(setup.slots),
        },
      }),
    );
    alive.add(this.#child);
    this.#exited = once(this.#child, 'close').then(
      ([code, signal]: Exit[number][]) => [code, signal] as Exit,
    );
    this.failed = this.#failure(api, log);
    // Who awaits it hears of it.
    this.failed.catch(() => undefined);
  }

  /** Resolves when no more threads start, with the number of slots that there are: memory may not allow all. */
  async ready(): Promise<number> {
    for (let before = 0; ;) {
      const { startingThreads, usableSlots } = await this.figures();
      if (startingThreads === 0 && usableSlots > 0 && usableSlots === before) return usableSlots;
      before = usableSlots;
      await this.unlessFailed(setTimeout(POLL_MS));
    }
  }

  async figures(): Promise<ProcessMetrics> {
    const { promise, resolve } = Promise.withResolvers<ProcessMetrics>();
    const receive = (message: FromRuntime): void => {
      if (message.type !== 'figures') return;
      this.#child.off('message', receive);
      resolve(message);
    };
    this.#child.on('message', receive);
    // That it is gone is told by `failed`.
    this.#child.send('figures?', () => undefined);
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

  async #failure(api: RuntimeApiServer, log: HandlerLog): Promise<never> {
    let said: string | undefined;
    this.#child.on('message', (message: FromRuntime) => {
      if (message.type === 'failed') said = message.message;
    });
    const [code, signal] = await this.#exited;
    alive.delete(this.#child);
    if (this.#ending) return new Promise(() => undefined);
    const initError = api.initErrors[0]?.error;
    if (initError !== undefined) {
      throw new BenchError(`The handler cannot be loaded. ${described(initError)}`);
    }
    const how = said ?? `The runtime ended ${signal === null ? `with code ${code}` : `by ${signal}`}.`;
    throw new BenchError(`${how}\n${log.keep()}`);
  }
}

/** With the place in the code, where there is one. */
function described({ errorType, errorMessage, stackTrace }: ErrorBody): string {
  const place = stackTrace?.find((line) => /^\s*at |^\s*file:/.test(line));
  return [`${errorType}: ${errorMessage}`, ...(place === undefined ? [] : [`  ${place.trim()}`])].join('\n');
}

type Exit = readonly [code: number | null, signal: NodeJS.Signals | null];

const alive = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

const POLL_MS = 50;

/** Options of a runtime that name modules. */
export type Modules = Pick<ManagedRuntimeOptions, 'services' | 'sharedData' | 'codec' | 'preload'>;

/** What `bench` tells the process that it measures, as its only argument. */
export interface RuntimeSettings extends Modules {
  readonly workerFile: string;
  readonly concurrency: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
}

/** What that process answers to any message, and says when it cannot go on. */
export type FromRuntime =
  | {
      readonly type: 'figures';
      /** On its own clock. */
      readonly atMs: number;
      readonly cpuMs: number;
      /** How long its threads were ready to run and had no core. */
      readonly coreDelayMs: number;
      readonly peakMemoryMiB: number;
      readonly startingThreads: number;
      /** Slots that have room. */
      readonly usableSlots: number;
    }
  | { readonly type: 'failed'; readonly message: string };

export type ProcessMetrics = Extract<FromRuntime, { type: 'figures' }>;

/** Where what the runtime and the handler write goes, so that the terminal is left for the bench. */
export class HandlerLog {
  readonly file: string;
  #kept: boolean;

  /** @param file where it stays; otherwise it is removed with the end of this process, unless it is to be kept. */
  constructor(file: string | undefined) {
    this.#kept = file !== undefined;
    this.file = file ?? join(mkdtempSync(join(tmpdir(), 'lambda-managed-runtime-bench-')), 'handler.log');
    if (file === undefined) process.once('exit', () => this.#remove());
  }

  /** Calls `use` with a descriptor of the file; each time it begins anew, so that it does not grow without end. */
  with<Result>(use: (fd: number) => Result): Result {
    const fd = openSync(this.file, 'w');
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Somebody will want to read it. Returns its last lines, and where it is. */
  keep(): string {
    this.#kept = true;
    const lines = readFileSync(this.file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES);
    const shown = lines.map((line) => `  ${line.slice(0, SHOWN_CHARACTERS)}`).join('\n');
    return `The end of what it has written (all of it: ${this.file}):\n${shown}`;
  }

  #remove(): void {
    if (!this.#kept) rmSync(join(this.file, '..'), { recursive: true, force: true });
  }
}

const SHOWN_LINES = 8;
const SHOWN_CHARACTERS = 300;
