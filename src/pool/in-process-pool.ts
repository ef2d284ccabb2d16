import type { Config } from '../config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation } from '../invocation/invocation.ts';
import type { InvocationObserver } from '../observing/observer.ts';
import type { ThreadFigures } from '../observing/thread-figures.ts';
import { ENTRIES } from '../package-files.ts';
import type { EscapedMessage, FromInvoker, InvokeMessage, LoadedHandler } from '../protocol.ts';
import type { LogSettings, SharedState } from '../thread-settings.ts';
import type { Invoker } from '../../workers/invoker.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { DeadlinePolicy } from './deadline-policy.ts';
import { invokerSettings } from './invoker-settings.ts';
import { PendingRun, givenUp } from './pending-run.ts';
import { Room } from './room.ts';
import { InitFailure, initTimeout } from './init-failure.ts';
import { describeThreadEnd, failureCause } from './thread-end.ts';
import type { ThreadEnd } from './thread-end.ts';
import type { Run, WorkerPool } from './worker-pool.ts';

/** Single mode: the handler runs in the main thread, one invocation at a time, with nothing in between. */
export class InProcessPool implements WorkerPool {
  readonly failed: Promise<ManagedRuntimeError>;
  readonly #fail: (error: ManagedRuntimeError) => void;
  readonly #config: Config;
  readonly #log: Log;
  readonly #handlers: LogSettings;
  readonly #room = new Room();
  readonly #deadlines: DeadlinePolicy;
  #stopReporting: () => void = () => undefined;
  #closeServices: () => void = () => undefined;
  #logging: Promise<() => void> | undefined;
  #invoker: Invoker | undefined;
  #running: PendingRun | undefined;
  #runs = 0;
  /** What an invocation is answered with once the pool has been abandoned. */
  #abandoned: EncodedDiagnostic | undefined;

  constructor(config: Config, { log, handlers }: LogSink) {
    const failed = Promise.withResolvers<ManagedRuntimeError>();
    this.failed = failed.promise;
    this.#fail = failed.resolve;
    this.#config = config;
    this.#log = log;
    this.#handlers = handlers;
    this.#deadlines = new DeadlinePolicy(config, log, {
      shared: false,
      abandon: (run) => this.#leave(run),
      fail: (error) => this.#fail(error),
    });
  }

  async start(share: () => SharedState): Promise<LoadedHandler> {
    const entry = (await import(ENTRIES.inProcess.href)) as typeof import('../../workers/in-process.ts');
    if (this.#room.closed) return NEVER;
    const shared = share();
    this.#closeServices = () => shared.services?.close();
    const { initTimeoutMs } = this.#config;
    const failed = Promise.withResolvers<never>();
    const timer = setTimeout(() => failed.reject(new InitFailure(initTimeout(initTimeoutMs))), initTimeoutMs);
    const onEscaped = (message: EscapedMessage) => {
      if (this.#invoker === undefined) failed.reject(new InitFailure(message.diagnostic));
      else this.#escaped(message);
    };
    this.#stopReporting = entry.reportEscapes(onEscaped, stopHere);
    try {
      this.#logging = entry.openLogging(this.#handlers);
      await this.#logging;
      if (this.#room.closed) return await NEVER;
      const loading = entry.loadInvoker(invokerSettings(this.#config, this.#handlers), shared, (message) =>
        this.#receive(message),
      );
      this.#invoker = await Promise.race([loading, failed.promise]);
    } catch (error) {
      throw InitFailure.of(error);
    } finally {
      clearTimeout(timer);
    }
    this.#room.resize(1);
    return this.#invoker;
  }

  reserve(): Promise<boolean> {
    return this.#room.reserve();
  }

  release(): void {
    this.#room.release();
  }

  run(invocation: Invocation, record: InvocationObserver): Run {
    this.#runs += 1;
    const run = new PendingRun(this.#runs, invocation, record);
    if (this.#abandoned !== undefined) {
      run.fail('shutdown', this.#abandoned);
      run.settle(this.#room);
      return run;
    }
    this.#running = run;
    record.dispatched(MAIN_THREAD, this.#runs === 1);
    this.#deadlines.watch(run, () => undefined);
    void this.#invoke(run);
    return run;
  }

  close(): void {
    this.#room.close();
  }

  abandon(reason: EncodedDiagnostic): void {
    this.#abandoned = reason;
    const run = this.#running;
    if (run === undefined || run.inBackground) return;
    run.fail('shutdown', reason);
    this.#leave(run);
  }

  threads(): readonly ThreadFigures[] {
    return [];
  }

  async runHooks(withinMs: number): Promise<void> {
    this.#room.close();
    this.#stopReporting();
    await this.#invoker?.shutdown(withinMs);
  }

  async stop(): Promise<void> {
    this.#room.close();
    this.#stopReporting();
    this.#loseBackgroundWork();
    this.#closeServices();
    (await this.#logging?.catch(() => undefined))?.();
  }

  async #invoke(run: PendingRun): Promise<void> {
    const { metadata, event } = run.invocation;
    const { wantsHeap } = run.record;
    const message: InvokeMessage = { type: 'invoke', run: run.id, metadata, event, wantsHeap };
    const { outcome, background, report } = await (this.#invoker as Invoker).invoke(message);
    // It was left to itself at its deadline.
    if (this.#running !== run) return;
    run.record.ran(report, background !== undefined);
    if (outcome !== undefined) run.answer(outcome);
    if (background !== undefined) {
      run.inBackground = true;
      this.#deadlines.watch(run, () => undefined);
      await background;
    }
    this.#leave(run);
  }

  #loseBackgroundWork(): void {
    const run = this.#running;
    if (run?.inBackground !== true) return;
    const end: ThreadEnd = { cause: 'stopped' };
    this.#log.error({ requestId: run.requestId, cause: end.cause }, 'Background work was lost');
    run.fail(failureCause(end), describeThreadEnd(end, run.requestId));
    this.#leave(run);
  }

  /** Once: what is left behind at its deadline may still end. */
  #leave(run: PendingRun): void {
    if (this.#running !== run) return;
    this.#running = undefined;
    run.settle(this.#room);
  }

  #receive(message: FromInvoker): void {
    if (message.type === 'background-failed') {
      const { requestId, diagnostic } = message;
      this.#log.error({ requestId, diagnostic: diagnostic.body }, 'Background work failed');
    } else if (this.#running?.id === message.run) {
      // As late as from another thread: else a handler that only writes would never let the event loop turn.
      this.#running.receive(message, (control) => setImmediate(() => this.#invoker?.control(control)));
    } else if (message.type === 'stream-opened') {
      this.#invoker?.control(givenUp(message.run));
    }
  }

  /** There is no thread to replace: the caller is answered, and the environment is given up. */
  #escaped({ how, run, diagnostic }: EscapedMessage): void {
    if (this.#running?.id === run) {
      this.#running?.fail('crash', diagnostic);
      // No other invocation may come.
      this.#running?.settle(undefined);
    }
    const message = `Code of the handler left it in an unknown state (${how}): ${diagnostic.body}`;
    this.#fail(new ManagedRuntimeError('HANDLER_CRASHED', message));
  }
}

/** As threads are numbered. */
const MAIN_THREAD = 0;

/** What a start gives that a stop has overtaken. */
const NEVER = new Promise<never>(() => undefined);

/** In place of `process.exit`, so that the caller is answered before the process ends. It must not return either. */
function stopHere(code?: string | number | null): never {
  throw new Error(`process.exit(${code ?? ''}) was called; the runtime is ending the process.`);
}
