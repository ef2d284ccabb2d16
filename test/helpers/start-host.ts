import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { HANDLERS, startRuntime } from './start-runtime.ts';
import type { RunningRuntime, RuntimeOptions } from './start-runtime.ts';

/** The settings of a runtime in the host's process. */
export interface NewRuntime {
  readonly workerFile: string;
  /** Passes the worker file as a URL object. */
  readonly asUrl?: boolean;
  readonly options?: ManagedRuntimeOptions;
  /** Passes a signal that {@link HostedRuntime.abort} aborts. */
  readonly withSignal?: boolean;
  /** Passes a logger that writes its lines to stderr with the prefix "captured". */
  readonly withLogger?: boolean;
}

export interface HostCall {
  readonly call: number;
  readonly method: 'create' | 'run' | 'stop' | 'dispose' | 'abort';
  readonly runtime: number;
  readonly settings?: NewRuntime;
}

export interface HostReply {
  readonly call: number;
  readonly rejected?: { readonly name: string; readonly code: string | undefined; readonly message: string };
}

/** How a promise in the host settled. */
export type Settled = 'resolved' | NonNullable<HostReply['rejected']>;

/** A runtime in the host's process. Its methods resolve with how the promise in that process settled. */
export interface HostedRuntime {
  run(): Promise<Settled>;
  stop(): Promise<Settled>;
  dispose(): Promise<Settled>;
  abort(): Promise<Settled>;
}

/** A process that creates runtimes and calls their methods on request. */
export class Host implements AsyncDisposable {
  readonly process: RunningRuntime;
  #calls = 0;
  #runtimes = 0;

  constructor(process: RunningRuntime) {
    this.process = process;
  }

  /** Creates a runtime. Rejects if that throws. */
  async create(settings: NewRuntime): Promise<HostedRuntime> {
    const runtime = this.#runtimes;
    this.#runtimes += 1;
    const created = await this.#call('create', runtime, settings);
    if (created !== 'resolved') throw new Error(created.message);
    return {
      run: () => this.#call('run', runtime),
      stop: () => this.#call('stop', runtime),
      dispose: () => this.#call('dispose', runtime),
      abort: () => this.#call('abort', runtime),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }

  #call(method: HostCall['method'], runtime: number, settings?: NewRuntime): Promise<Settled> {
    const { child } = this.process;
    const { promise, resolve } = Promise.withResolvers<Settled>();
    const call = this.#calls;
    this.#calls += 1;
    const receive = (reply: HostReply) => {
      if (reply.call !== call) return;
      child.off('message', receive);
      resolve(reply.rejected ?? 'resolved');
    };
    child.on('message', receive);
    child.send({ call, method, runtime, ...(settings === undefined ? {} : { settings }) } satisfies HostCall);
    return this.process.unlessExited(promise);
  }
}

export async function startHost(options: RuntimeOptions = {}): Promise<Host> {
  return new Host(await startRuntime({ bootstrap: 'host.ts', cwd: HANDLERS, ...options }));
}
