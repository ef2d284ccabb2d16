import { clearTimeout, Promise, setImmediate, setTimeout } from '../builtins.ts';
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
import { InitFailure, initTimeout } from './init-failure.ts';
import { PendingInvocation, givenUp } from './pending-invocation.ts';
import { ThreadCapacity } from './thread-capacity.ts';
import { describeThreadEnd, failureCause } from './thread-end.ts';
import type { ThreadEnd } from './thread-end.ts';
import type { InvocationHandle, WorkerPool } from './worker-pool.ts';

/** Single mode: the handler runs in the main thread, one invocation at a time, with nothing in between. */
export class InProcessPool implements WorkerPool {
  readonly failed: Promise<ManagedRuntimeError>;
  readonly #fail: (error: ManagedRuntimeError) => void;
  readonly #config: Config;
  readonly #log: Log;
  readonly #handlers: LogSettings;
  readonly #capacity = new ThreadCapacity();
  readonly #deadlines: DeadlinePolicy;
  #stopReporting: () => void = () => undefined;
  #closeServices: () => void = () => undefined;
  #logging: Promise<() => void> | undefined;
  #invoker: Invoker | undefined;
  #running: PendingInvocation | undefined;
  #invocations = 0;
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
      giveUp: (invocation) => this.#release(invocation),
      fail: (error) => this.#fail(error),
    });
  }

  async start(share: () => SharedState): Promise<LoadedHandler> {
    const entry = (await import(ENTRIES.inProcess.href)) as typeof import('../../workers/in-process.ts');
    if (this.#capacity.closed) return NEVER;
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
      if (this.#capacity.closed) return await NEVER;
      const loading = entry.loadInvoker(invokerSettings(this.#config, this.#handlers), shared, (message) =>
        this.#receive(message),
      );
      this.#invoker = await Promise.race([loading, failed.promise]);
    } catch (error) {
      throw InitFailure.of(error);
    } finally {
      clearTimeout(timer);
    }
    this.#capacity.resize(1);
    return this.#invoker;
  }

  reserve(): Promise<boolean> {
    return this.#capacity.reserve();
  }

  release(): void {
    this.#capacity.release();
  }

  run(invocation: Invocation, record: InvocationObserver): InvocationHandle {
    this.#invocations += 1;
    const pending = new PendingInvocation(this.#invocations, invocation, record);
    if (this.#abandoned !== undefined) {
      pending.fail('shutdown', this.#abandoned);
      pending.settle(this.#capacity);
      return pending;
    }
    this.#running = pending;
    record.dispatched(MAIN_THREAD, this.#invocations === 1);
    this.#deadlines.watch(pending, () => undefined);
    void this.#invoke(pending);
    return pending;
  }

  close(): void {
    this.#capacity.close();
  }

  abandon(reason: EncodedDiagnostic): void {
    this.#abandoned = reason;
    const running = this.#running;
    if (running === undefined || running.inBackground) return;
    running.fail('shutdown', reason);
    this.#release(running);
  }

  threads(): readonly ThreadFigures[] {
    return [];
  }

  async runHooks(withinMs: number): Promise<void> {
    this.#capacity.close();
    this.#stopReporting();
    await this.#invoker?.shutdown(withinMs);
  }

  async stop(): Promise<void> {
    this.#capacity.close();
    this.#stopReporting();
    this.#loseBackgroundWork();
    this.#closeServices();
    (await this.#logging?.catch(() => undefined))?.();
  }

  async #invoke(pending: PendingInvocation): Promise<void> {
    const { metadata, event } = pending.invocation;
    const { wantsHeap } = pending.record;
    const message: InvokeMessage = { type: 'invoke', run: pending.id, metadata, event, wantsHeap };
    const { outcome, background, report } = await (this.#invoker as Invoker).invoke(message);
    // It was left to itself at its deadline.
    if (this.#running !== pending) return;
    pending.record.ran(report, background !== undefined);
    if (outcome !== undefined) pending.answer(outcome);
    if (background !== undefined) {
      pending.inBackground = true;
      this.#deadlines.watch(pending, () => undefined);
      await background;
    }
    this.#release(pending);
  }

  #loseBackgroundWork(): void {
    const running = this.#running;
    if (running?.inBackground !== true) return;
    const end: ThreadEnd = { cause: 'stopped' };
    this.#log.error({ requestId: running.requestId, cause: end.cause }, 'Background work was lost');
    running.fail(failureCause(end), describeThreadEnd(end, running.requestId));
    this.#release(running);
  }

  /** Once: what is left behind at its deadline may still end. */
  #release(pending: PendingInvocation): void {
    if (this.#running !== pending) return;
    this.#running = undefined;
    pending.settle(this.#capacity);
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
