import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { InvokeOptions, InvokeResult } from '../../src/local/invoke.ts';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { findBuiltPackage } from '../../bench/built-package.ts';
import { lambdaVariables } from '../helpers/lambda-variables.ts';
import { theirs } from '../parity/contenders.ts';
import type { Case, Format, Layout, Services, Trial } from './group.ts';

/** For what hangs: a case that is known to fail is not waited for as long. */
const TIMEOUT_MS = 60_000;
const KNOWN_FAILURE_TIMEOUT_MS = 20_000;
const FUNCTION_NAME = 'compatibility';

/** A function in a process of its own, with the runtime as it was built or with AWS's client. */
export class FunctionProcess implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly api: RuntimeApiServer;
  readonly layout: Layout;
  readonly format: Format;
  readonly contender: Case['contender'];
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #gone: Promise<never>;
  readonly #timeoutMs: number;

  private constructor(
    api: RuntimeApiServer,
    child: ChildProcess,
    { contender, format }: Case,
    layout: Layout,
    timeoutMs: number,
  ) {
    this.#timeoutMs = timeoutMs;
    this.api = api;
    this.layout = layout;
    this.format = format;
    this.contender = contender;
    this.pid = child.pid;
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#exited = once(child, 'close');
    this.#gone = this.#exited.then(() => {
      api.runtimeExited();
      throw new Error(`The process ended with ${child.exitCode ?? child.signalCode}. ${this.lastWords()}`);
    });
    this.#gone.catch(() => undefined);
  }

  static async start(
    trial: Trial,
    one: Case,
    layout: Layout,
    services: Services,
    isKnownFailure: boolean,
  ): Promise<FunctionProcess> {
    const api = await startRuntimeApiServer({ functionName: FUNCTION_NAME, timeoutMs: TIMEOUT_MS });
    const handler = trial.handlers[one.format] ?? '';
    const env: NodeJS.ProcessEnv = {
      ...lambdaEnvironment(api.address, handler, layout, services.root),
      UPSTREAM: services.upstream.url,
      ...(one.contender === 'theirs' && { UV_THREADPOOL_SIZE: '64' }),
      ...trial.env?.(services),
    };
    for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
    const [program = process.execPath, ...args] = [
      ...(trial.wrapper === undefined ? [] : [join(services.root, trial.wrapper)]),
      process.execPath,
      ...commandOf(one.contender),
    ];
    const child = spawn(program, args, { cwd: services.root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    return new FunctionProcess(
      api,
      child,
      one,
      layout,
      isKnownFailure ? KNOWN_FAILURE_TIMEOUT_MS : TIMEOUT_MS,
    );
  }

  /** Resolves when all threads are ready: AWS's client opens one poll for each thread, this runtime one for each slot. */
  async ready(): Promise<void> {
    const { concurrency, threads } = this.layout;
    await this.whenPolling(this.contender === 'ours' ? concurrency : Math.max(threads, 1));
  }

  /** Resolves when that many polls are open. */
  async whenPolling(polls: number): Promise<void> {
    await this.#within(this.api.whenPolling(polls), 'The function is not ready');
  }

  /** Invokes with JSON. Rejects if the process ends or hangs; an error of the handler does not reject. */
  invoke(event: unknown, options: InvokeOptions = {}): Promise<InvokeResult> {
    return this.#within(
      this.api.invoke(JSON.stringify(event), { whenCapacity: true, ...options }),
      'An invocation is not answered',
    );
  }

  /** Invokes with JSON and resolves with the result. Rejects if the handler fails. */
  async call<Result = unknown>(event: unknown, options: InvokeOptions = {}): Promise<Result> {
    const result = await this.invoke(event, options);
    if (result.status === 'response') return JSON.parse(result.body.toString() || 'null') as Result;
    throw new Error(
      `The handler failed: ${'body' in result ? result.body.toString().slice(0, 500) : result.status}`,
    );
  }

  /** The lines of stdout. */
  get lines(): string[] {
    return this.stdout.split('\n').slice(0, -1);
  }

  /** The lines of stdout that are JSON objects. */
  get log(): Record<string, unknown>[] {
    return this.lines.flatMap((line) => {
      try {
        const value: unknown = JSON.parse(line);
        return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
      } catch {
        return [];
      }
    });
  }

  /** Sends SIGTERM and resolves when the process has ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#within(this.#exited, 'The process does not end').catch((error: Error) => {
      if (this.#child.exitCode === null && this.#child.signalCode === null) throw error;
    });
  }

  lastWords(): string {
    return `${this.stdout.slice(-1500)}${this.stderr.slice(-1500)}`.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#exited;
    running.delete(this.#child);
    await this.api.close();
  }

  async #within<Value>(promise: Promise<Value>, failure: string): Promise<Value> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`${failure} within ${this.#timeoutMs / 1000} s. ${this.lastWords()}`)),
      this.#timeoutMs,
    );
    try {
      return await Promise.race([promise, this.#gone, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

function commandOf(contender: Case['contender']): readonly string[] {
  return contender === 'ours' ? [findBuiltPackage(undefined).entry] : theirs().command;
}

function lambdaEnvironment(
  runtimeApi: string,
  handler: string,
  { threads, concurrency }: Layout,
  taskRoot: string,
): NodeJS.ProcessEnv {
  const managed = {
    AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
    AWS_LAMBDA_MAX_CONCURRENCY: String(concurrency),
    AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
  };
  return {
    ...lambdaVariables({ functionName: FUNCTION_NAME, memoryMb: 4096, runtimeApi, taskRoot }),
    HOME: process.env['HOME'],
    _HANDLER: handler,
    ...(threads === 0 ? { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' } : managed),
  };
}
