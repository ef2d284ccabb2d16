import { Promise } from './builtins.ts';
import { readConfig, readableRuntimeApi } from './config/config.ts';
import type { Config, Development } from './config/config.ts';
import { lookUpDescriptors } from './config/concurrency-plan.ts';
import type { HandlerReference } from './config/raw-config.ts';
import { ManagedRuntimeError } from './errors.ts';
import { claimProcess, onStopSignal } from './lifecycle/process-guard.ts';
import { ShutdownClock } from './lifecycle/shutdown.ts';
import type { LocalMode } from './local/local-mode.ts';
import { openLogSink } from './logging/log.ts';
import type { LogSink } from './logging/log.ts';
import { unsupportedNode } from './node-support.ts';
import { RuntimeMetrics } from './observability/runtime-metrics.ts';
import { Recorder } from './observability/recorder.ts';
import type { RuntimeStats, StatsSource } from './observability/stats.ts';
import { postInitErrorNow } from './runtime-api/init-error-now.ts';
import { serve } from './serving.ts';
import type { ManagedRuntimeOptions } from './config/options.ts';
import { onAbort } from './waiting.ts';

/**
 * A runtime that serves one function, from {@link createManagedRuntime}. It runs once, and no other may run in the process
 * at the same time.
 */
export interface ManagedRuntime extends AsyncDisposable {
  /**
   * Serves until stopped: the events of the Runtime API, or where there is none (no `AWS_LAMBDA_RUNTIME_API`) those
   * that a local server takes, which tells on stderr how to call it. Resolves after `stop()`, the option `signal`,
   * SIGTERM or SIGINT, when the invocations in flight have been answered.
   *
   * @throws Rejects with a {@link ManagedRuntimeError}: `INIT_FAILED`, `ALREADY_RUNNING`, `ALREADY_STOPPED`,
   *   `RUNTIME_API_UNREACHABLE`, `NO_THREADS`, `DEADLINE_EXCEEDED`, `HANDLER_CRASHED` or, without a Runtime API,
   *   `LOCAL_SERVER_FAILED`. The process should then exit with a code other than 0, as an unhandled rejection makes it
   *   do, so that Lambda replaces the environment.
   * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
   */
  run(): Promise<void>;

  /**
   * Stops polling, lets invocations in flight finish within `shutdownTimeoutMs`, and resolves when `run()` has ended. Never
   * rejects: what went wrong, `run()` tells. A runtime that has not run yet will not run any more.
   */
  stop(): Promise<void>;

  /**
   * What the runtime does now, and has done since it was started. It costs about as much as a few invocations; with
   * hundreds of threads some milliseconds. Before `run()` there is nothing but the number of slots and CPU time.
   */
  stats(): RuntimeStats;

  /** As {@link ManagedRuntime.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a runtime that answers the events of AWS Lambda Managed Instances with the handler in `workerFile`, in
 * parallel on worker threads.
 *
 * @param workerFile The handler's module: a path (relative to the working directory), a `file:` URL string or a URL;
 *   `.js`, `.mjs`, `.cjs`, `.ts`, `.mts` or `.cts`.
 * @param options What is left out comes from the environment, then from the defaults.
 * @returns A runtime that does nothing until `run()` is called.
 * @throws {@link ManagedRuntimeError}, `CONFIG_INVALID`, with all that is wrong in options and environment, or why this
 *   Node.js cannot be used. Where there is a Runtime API, `/init/error` has been posted before.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 *
 * @example
 * ```ts
 * import { createManagedRuntime } from 'lambda-managed-runtime';
 *
 * await createManagedRuntime(new URL('./handler.js', import.meta.url), {
 *   deadlineMarginMs: 200,
 *   onShutdown: () => console.log('Stopped'),
 * }).run();
 * ```
 */
export function createManagedRuntime(
  workerFile: string | URL,
  options: ManagedRuntimeOptions = {},
): ManagedRuntime {
  return createRuntime({ kind: 'file', workerFile }, options);
}

/** The same for a handler that is named as AWS names it. */
export function createRuntime(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  development?: Development,
): ManagedRuntime {
  const config = readConfigOrTell(reference, options);
  return new Supervisor(development === undefined ? config : { ...config, inThreads: true, development });
}

/** Whoever catches the error may end the process at once: what Lambda should hear is posted before it is thrown. */
function readConfigOrTell(reference: HandlerReference, options: ManagedRuntimeOptions): Config {
  try {
    const unsupported = unsupportedNode();
    if (unsupported !== undefined) throw new ManagedRuntimeError('CONFIG_INVALID', unsupported);
    return readConfig(reference, options, undefined, lookUpDescriptors());
  } catch (error) {
    const runtimeApi = readableRuntimeApi(options?.runtimeApi);
    postInitErrorNow(runtimeApi, 'Runtime.ConfigInvalid', (error as Error).message);
    throw error;
  }
}

type State = 'idle' | 'running' | 'stopped';

class Supervisor implements ManagedRuntime {
  readonly #config: Config;
  readonly #metrics: RuntimeMetrics;
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #state: State = 'idle';

  constructor(config: Config) {
    this.#config = config;
    this.#metrics = new RuntimeMetrics(config);
  }

  async run(): Promise<void> {
    if (this.#state === 'stopped') {
      throw new ManagedRuntimeError(
        'ALREADY_STOPPED',
        'This runtime has been stopped. Create another one to go on.',
      );
    }
    const release = claimProcess();
    this.#state = 'running';
    try {
      await this.#run(await openLogSink(this.#config));
    } finally {
      release();
      this.#state = 'stopped';
      this.#ended.resolve();
    }
  }

  async #run(sink: LogSink): Promise<void> {
    const { signal, ignored, runtimeApi } = this.#config;
    for (const { variable, value, must } of ignored) {
      sink.log.warn({ variable, value }, `The environment variable ${variable} is ignored: it ${must}`);
    }
    const recorder = new Recorder(this.#config, sink.log, this.#metrics);
    this.#metrics.start();
    const clock = new ShutdownClock(this.#config);
    const stop = () => this.#stop.abort();
    const stopListening = onStopSignal((name) => {
      sink.log.info({ signal: name }, 'Stopping');
      stop();
    });
    const removeListener = signal && onAbort(signal, stop);
    let local: LocalMode | undefined;
    try {
      local = runtimeApi === undefined ? await startLocal(this.#config, this) : undefined;
      const address = runtimeApi ?? (local as LocalMode).address;
      await serve(this.#config, address, sink, recorder, this.#stop.signal, clock);
    } finally {
      await local?.close();
      removeListener?.();
      recorder.close();
      this.#metrics.stop();
      await sink.close(clock.msFor('flushLog'));
      stopListening(clock.msFor('exit'));
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'idle') this.#state = 'stopped';
    if (this.#state === 'stopped') return;
    this.#stop.abort();
    await this.#ended.promise;
  }

  stats(): RuntimeStats {
    return this.#metrics.snapshot();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Lambda sets the address of its Runtime API; there none of this is loaded. */
async function startLocal({ local }: Config, runtime: StatsSource): Promise<LocalMode> {
  const { startLocalMode } = await import('./local/local-mode.ts');
  const { LocalConsole } = await import('./console/local-console.ts');
  const console = new LocalConsole(local);
  console.setStatsSource(runtime);
  try {
    return await startLocalMode(local, console);
  } catch (error) {
    // It listens already.
    console.close();
    throw error;
  }
}
