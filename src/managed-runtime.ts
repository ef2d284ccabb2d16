import { readConfig } from './config.ts';
import type { Config, HandlerReference } from './config.ts';
import { ManagedRuntimeError } from './errors.ts';
import { claimProcess } from './lifecycle/only-runtime.ts';
import { onStopSignal } from './lifecycle/stop-signals.ts';
import { openLogSink } from './logging/log-sink.ts';
import { serve } from './serving.ts';
import type { ManagedRuntimeOptions } from './settings.ts';

/** A runtime that serves one function, from {@link createManagedRuntime}. */
export interface ManagedRuntime extends AsyncDisposable {
  /**
   * Serves until stopped. Resolves after `stop()`, the option `signal`, SIGTERM or SIGINT, when the invocations in
   * flight have been answered.
   *
   * @throws ManagedRuntimeError rejects with `INIT_FAILED`, `ALREADY_RUNNING`, `ALREADY_STOPPED`,
   *   `RUNTIME_API_UNREACHABLE`, `NO_THREADS`, `DEADLINE_EXCEEDED` or `HANDLER_CRASHED`. The process should then exit
   *   with a code other than 0, as an unhandled rejection makes it do, so that Lambda replaces the environment.
   */
  run(): Promise<void>;

  /** Stops polling, lets invocations in flight finish within `shutdownTimeoutMs`, and resolves when `run()` has ended. */
  stop(): Promise<void>;
}

/**
 * Makes a runtime that answers the events of AWS Lambda Managed Instances with the handler in `workerFile`, in
 * parallel on worker threads.
 *
 * @param workerFile the handler's module: a path (relative to the working directory), a `file:` URL string or a URL;
 *   `.js`, `.mjs`, `.cjs`, `.ts`, `.mts` or `.cts`.
 * @throws ManagedRuntimeError `CONFIG_INVALID`, with all that is wrong in options and environment.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 *
 * @example
 *     await createManagedRuntime(new URL('./handler.js', import.meta.url)).run();
 */
export function createManagedRuntime(
  workerFile: string | URL,
  options: ManagedRuntimeOptions = {},
): ManagedRuntime {
  return createRuntime({ kind: 'file', workerFile }, options);
}

/** The same for a handler that is named as AWS names it. */
export function createRuntime(reference: HandlerReference, options: ManagedRuntimeOptions): ManagedRuntime {
  return new Supervisor(readConfig(reference, options));
}

type State = 'idle' | 'running' | 'stopped';

class Supervisor implements ManagedRuntime {
  readonly #config: Config;
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #state: State = 'idle';

  constructor(config: Config) {
    this.#config = config;
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
    const sink = await openLogSink(this.#config);
    const stop = () => this.#stop.abort();
    const stopListening = onStopSignal(sink.log, stop);
    this.#config.signal?.addEventListener('abort', stop);
    if (this.#config.signal?.aborted === true) stop();
    try {
      await serve(this.#config, sink, this.#stop.signal);
    } finally {
      this.#config.signal?.removeEventListener('abort', stop);
      await sink.close();
      stopListening();
      release();
      this.#state = 'stopped';
      this.#ended.resolve();
    }
  }

  async stop(): Promise<void> {
    if (this.#state === 'idle') this.#state = 'stopped';
    if (this.#state === 'stopped') return;
    this.#stop.abort();
    await this.#ended.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
