import { Promise, setImmediate } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { summaryOf } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation } from '../invocation/invocation.ts';
import type { InvocationObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import { ENTRIES } from '../package-files.ts';
import type { UncaughtErrorMessage, InvokeMessage, LoadedHandler, StreamMessage } from '../protocol.ts';
import type { LogSettings, SharedState } from '../thread-settings.ts';
import type { Invoker } from '../../workers/invoker.ts';
import type { HandlerLog } from '../../workers/logging/open-logging.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { DeadlinePolicy } from './deadline-policy.ts';
import { invokerSettings } from './thread-start.ts';
import {
  InitFailure,
  initTimeout,
  describeThreadEnd,
  failureCause,
  logEscaped,
  logLost,
} from './thread-end.ts';
import { PendingInvocation, givenUp } from './pending-invocation.ts';
import { ThreadCapacity } from './pool-sizing.ts';
import type { ThreadEnd } from './thread-end.ts';
import type { InvocationHandle, WorkerPool } from './worker-pool.ts';
import { within } from '../waiting.ts';

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
  #logging: Promise<HandlerLog> | undefined;
  #invoker: Invoker | undefined;
  #running: PendingInvocation | undefined;
  #invocations = 0;
  /** The uncaught error that has been logged last. */
  #escaped: UncaughtErrorMessage | undefined;
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
    const onEscaped = (message: UncaughtErrorMessage) => {
      if (this.#invoker !== undefined) this.#onUncaughtError(message);
      else if (!message.listened) failed.reject(new InitFailure(message.diagnostic));
    };
    const settings = invokerSettings(this.#config, this.#handlers);
    this.#stopReporting = entry.reportUncaughtErrors(onEscaped, 'process', settings.ownsThread);
    const load = async () => {
      this.#logging = entry.openLogging(this.#handlers);
      const { thrown } = await this.#logging;
      if (this.#capacity.closed) return NEVER;
      return entry.loadInvoker(settings, shared, thrown, (message) => this.#receive(message));
    };
    const lateError = () => new InitFailure(initTimeout(initTimeoutMs));
    try {
      this.#invoker = await within(Promise.race([load(), failed.promise]), initTimeoutMs, lateError);
    } catch (error) {
      throw InitFailure.of(error);
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

  threads(): readonly ThreadMetrics[] {
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
    (await this.#logging?.catch(() => undefined))?.close();
  }

  async #invoke(pending: PendingInvocation): Promise<void> {
    const { metadata, event } = pending.invocation;
    const { wantsHeap } = pending.record;
    const message: InvokeMessage = { type: 'invoke', invocationId: pending.id, metadata, event, wantsHeap };
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
    const reason = describeThreadEnd(end, running.requestId);
    logLost(this.#log, running, end, reason, undefined);
    running.fail(failureCause(end), reason);
    this.#release(running);
  }

  /** Once: what is left behind at its deadline may still end. */
  #release(pending: PendingInvocation): void {
    if (this.#running !== pending) return;
    this.#running = undefined;
    pending.settle(this.#capacity);
  }

  #receive(message: StreamMessage): void {
    if (this.#running?.id === message.invocationId) {
      // As late as from another thread: else a handler that only writes would never let the event loop turn.
      this.#running.receive(message, (control) => setImmediate(() => this.#invoker?.control(control)));
    } else if (message.type === 'stream-opened') {
      this.#invoker?.control(givenUp(message.invocationId));
    }
  }

  /**
   * There is no thread to replace: the environment is given up once the caller has been answered. Where a listener of the
   * handler's code has heard of the error, only the invocation is given up, and an error of no invocation is the listener's.
   */
  #onUncaughtError(message: UncaughtErrorMessage): void {
    const { how, invocationId, diagnostic, listened } = message;
    const culprit = this.#running?.id === invocationId ? this.#running : undefined;
    if (listened && culprit === undefined) return;
    // A listener calls process.exit because of an error that has been told of.
    const isConsequence =
      how === 'exit' && this.#escaped !== undefined && this.#escaped.invocationId === invocationId;
    if (!isConsequence) logEscaped(this.#log, message, undefined);
    this.#escaped = message;
    culprit?.fail('crash', diagnostic);
    // Later, since the listener, which is called next, may end the process.
    if (listened && culprit !== undefined) return void setImmediate(() => this.#release(culprit));
    // No other invocation may come.
    culprit?.settle(undefined);
    const { errorType, errorMessage } = summaryOf(diagnostic);
    const reason = `Code of the handler left it in an unknown state (${how}): ${errorType}: ${errorMessage}`;
    this.#fail(new ManagedRuntimeError('HANDLER_CRASHED', reason));
  }
}

/** As threads are numbered. */
const MAIN_THREAD = 0;

/** What a start gives that a stop has overtaken. */
const NEVER = new Promise<never>(() => undefined);
