import type { Readable } from 'node:stream';
import { Promise } from './builtins.ts';
import { readConfig, readableRuntimeApi } from './config/config.ts';
import type { Config } from './config/config.ts';
import { lookUpDescriptors } from './config/concurrency-plan.ts';
import { ManagedRuntimeError } from './errors.ts';
import { claimProcess, onStopSignal } from './lifecycle/process-guard.ts';
import { ShutdownClock } from './lifecycle/shutdown.ts';
import type { LocalMode } from './local/local-mode.ts';
import { openLogSink } from './logging/log.ts';
import type { LogSink } from './logging/log.ts';
import { unsupportedNode } from './node-support.ts';
import { RuntimeMetrics } from './observability/runtime-metrics.ts';
import { Recorder } from './observability/recorder.ts';
import type { RuntimeStats } from './observability/stats.ts';
import { postInitErrorSync } from './runtime-api/init-error-sync.ts';
import type { ProfiledThread } from './pool/profiled-thread.ts';
import type { WorkerPool } from './pool/worker-pool.ts';
import type { CpuProfiles, HeapProfiles, ProfileOptions } from './profiling/profiles.ts';
import { serveFunction } from './serving.ts';
import type { DevHooks, HandlerReference, ManagedRuntimeOptions } from './config/options.ts';
import { onAbort } from './waiting.ts';

/**
 * A runtime that serves one function, created by {@link createManagedRuntime}. It can run once. Only one runtime can run in a
 * process at a time.
 */
export interface ManagedRuntime extends AsyncDisposable {
  /**
   * Serves events until the runtime is stopped. Resolves after `stop()`, the option `signal`, SIGTERM or SIGINT, when the
   * invocations in flight have been answered. Without `AWS_LAMBDA_RUNTIME_API`, it starts a local server and writes to stderr
   * how to call it.
   *
   * @throws Rejects with a {@link ManagedRuntimeError}: `INIT_FAILED`, `ALREADY_RUNNING`, `ALREADY_STOPPED`,
   *   `RUNTIME_API_UNREACHABLE`, `NO_THREADS`, `DEADLINE_EXCEEDED`, `HANDLER_CRASHED` or, in local mode,
   *   `LOCAL_SERVER_FAILED`. The process should then exit with a code other than 0 so that Lambda replaces the environment.
   *   An unhandled rejection has this effect.
   * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
   */
  run(): Promise<void>;

  /**
   * Stops polling, waits for invocations in flight within `shutdownTimeoutMs`, and resolves when `run()` has ended. Never
   * rejects; errors are reported by `run()`. After `stop()`, a runtime that has not run yet cannot run.
   */
  stop(): Promise<void>;

  /**
   * Returns the current state of the runtime and its metrics since the start. A call costs about as much as a few invocations,
   * or a few ms with hundreds of threads. Before `run()`, only the number of slots and the CPU time are available.
   */
  stats(): RuntimeStats;

  /**
   * Profiles the CPU time of the main thread and the worker threads, also of threads that block their event loop. Threads that
   * start later are not profiled. If the runtime stops meanwhile, the profiles end then.
   *
   * V8 takes a sample each ms. A start costs each thread about 50 ms of CPU time.
   *
   * @returns One profile for each thread, which can be saved as a `.cpuprofile` file and opened in Chrome's DevTools, VS Code and
   *   speedscope, and the threads without one, for example because they ended.
   * @throws Rejects with a {@link ManagedRuntimeError} `PROFILING_UNAVAILABLE` if the runtime is not running or Node.js cannot
   *   profile worker threads (before 22.20 and 24.8), with a `RangeError` if `seconds` is out of range.
   *
   * @example
   * ```ts
   * import { writeFile } from 'node:fs/promises';
   * import { createManagedRuntime } from 'lambda-managed-runtime';
   *
   * const runtime = createManagedRuntime(new URL('./handler.js', import.meta.url));
   * process.on('SIGUSR2', async () => {
   *   const { profiles } = await runtime.profileCpu({ seconds: 5 });
   *   for (const { name, profile } of profiles)
   *     await writeFile(`/tmp/${name}.cpuprofile`, JSON.stringify(profile));
   * });
   * await runtime.run();
   * ```
   */
  profileCpu(options: ProfileOptions): Promise<CpuProfiles>;

  /**
   * Samples the allocations of the main thread and the worker threads. A profile has the functions whose objects still exist at
   * its end.
   *
   * @returns One profile for each thread, which can be saved as a `.heapprofile` file and opened in Chrome's DevTools and VS Code,
   *   and the threads without one.
   * @throws As {@link ManagedRuntime.profileCpu} does.
   */
  heapProfile(options: ProfileOptions): Promise<HeapProfiles>;

  /**
   * Takes a heap snapshot of one thread, which stops for that time: about a second for a heap of 10 MiB. The snapshot contains
   * the data of the thread: events, secrets and environment variables. Save it as a `.heapsnapshot` file and open it in
   * Chrome's DevTools.
   *
   * @param thread The thread's number in log lines; 0 is the main thread.
   * @throws Rejects with a {@link ManagedRuntimeError} `PROFILING_UNAVAILABLE` if the runtime is not running, or if the thread does
   *   not exist or ends.
   */
  heapSnapshot(thread: number): Promise<Readable>;

  /** Calls {@link ManagedRuntime.stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a runtime for AWS Lambda Managed Instances that runs the handler in `workerFile` in parallel on worker threads.
 *
 * @param workerFile The handler's module: a path (relative to the working directory), a `file:` URL string or a URL;
 *   `.js`, `.mjs`, `.cjs`, `.ts`, `.mts` or `.cts`.
 * @param options Options that are omitted are read from the environment, then take their defaults.
 * @returns A runtime that does nothing until `run()` is called.
 * @throws {@link ManagedRuntimeError} `CONFIG_INVALID` if options or environment are invalid, with all errors in one message,
 *   or if this version of Node.js is not supported. If there is a Runtime API, the error is posted to `/init/error` first.
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

/** {@link createManagedRuntime} that also accepts a handler string and the settings of the command `dev`. */
export function createRuntime(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  devHooks?: DevHooks,
): ManagedRuntime {
  return new Supervisor(readConfigOrPostError(reference, options, devHooks));
}

/** Posts a configuration error to Lambda before throwing it, because the code that catches it may end the process. */
function readConfigOrPostError(
  reference: HandlerReference,
  options: ManagedRuntimeOptions,
  devHooks: DevHooks | undefined,
): Config {
  try {
    const unsupported = unsupportedNode();
    if (unsupported !== undefined) throw new ManagedRuntimeError('CONFIG_INVALID', unsupported);
    return readConfig(reference, options, undefined, lookUpDescriptors(), devHooks);
  } catch (error) {
    const runtimeApi = readableRuntimeApi(options?.runtimeApi);
    postInitErrorSync(runtimeApi, 'Runtime.ConfigInvalid', (error as Error).message);
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
  #pool: WorkerPool | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#metrics = new RuntimeMetrics(config);
  }

  async run(): Promise<void> {
    if (this.#state === 'stopped') {
      throw new ManagedRuntimeError(
        'ALREADY_STOPPED',
        'This runtime has been stopped and cannot run again. Create another one.',
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
      await serveFunction(this.#config, address, sink, recorder, this.#stop.signal, clock, (pool) => {
        this.#pool = pool;
      });
    } finally {
      // Ends profiles, also if the runtime could not continue.
      this.#stop.abort();
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

  async profileCpu(options: ProfileOptions): Promise<CpuProfiles> {
    const { profileCpu } = await import('./profiling/profiler.ts');
    return profileCpu(this.#threadsToProfile(), options, this.#stop.signal);
  }

  async heapProfile(options: ProfileOptions): Promise<HeapProfiles> {
    const { profileHeaps } = await import('./profiling/profiler.ts');
    return profileHeaps(this.#threadsToProfile(), options, this.#stop.signal);
  }

  async heapSnapshot(thread: number): Promise<Readable> {
    const { takeSnapshot } = await import('./profiling/profiler.ts');
    return takeSnapshot(this.#threadsToProfile(), thread);
  }

  #threadsToProfile(): readonly ProfiledThread[] {
    if (this.#pool !== undefined && this.#state === 'running') return this.#pool.profiledThreads();
    throw new ManagedRuntimeError('PROFILING_UNAVAILABLE', 'The runtime is not running.');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Imports local mode on demand, because it is not needed on Lambda. */
async function startLocal({ local }: Config, runtime: ManagedRuntime): Promise<LocalMode> {
  const { startLocalMode } = await import('./local/local-mode.ts');
  const { LocalConsole } = await import('./console/local-console.ts');
  const console = new LocalConsole(local);
  console.setRuntime(runtime);
  try {
    return await startLocalMode(local, console);
  } catch (error) {
    // The console is already listening.
    console.close();
    throw error;
  }
}
