import { Promise, setImmediate } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { summaryOf } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation } from '../invocation/invocation.ts';
import type { InvocationObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import { ENTRY_FILES } from '../package-files.ts';
import type { UncaughtErrorMessage, InvokeMessage, LoadedHandler, StreamMessage } from '../protocol.ts';
import type { LogSettings, SharedState } from '../thread-settings.ts';
import type { Invoker } from '../../workers/invoker.ts';
import type { HandlerLog } from '../../workers/logging/open-logging.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { inquireMainThread } from './deadline-inquiry.ts';
import { DeadlinePolicy } from './deadline-policy.ts';
import { InitFailure, initTimeout } from './init-failure.ts';
import { invokerSettings } from './thread-start.ts';
import { describeThreadEnd, failureCause, logLostInvocation, logUncaughtError } from './thread-end.ts';
import { PendingInvocation, abandonedStream } from './pending-invocation.ts';
import { ProfiledMainThread } from './profiled-thread.ts';
import type { ProfiledThread } from './profiled-thread.ts';
import { ThreadCapacity } from './thread-capacity.ts';
import type { ThreadEndReason } from './thread-end.ts';
import type { InvocationHandle, WorkerPool } from './worker-pool.ts';
import { withTimeout } from '../waiting.ts';

/** Single mode: runs the handler on the main thread, one invocation at a time, without messages or copies. */
export class InProcessPool implements WorkerPool {
  readonly failed: Promise<ManagedRuntimeError>;
  readonly #fail: (error: ManagedRuntimeError) => void;
  readonly #config: Config;
  readonly #log: Log;
  readonly #handlers: LogSettings;
  readonly #capacity = new ThreadCapacity();
  readonly #deadlines: DeadlinePolicy;
  readonly #stopping = new AbortController();
  readonly #mainThread = new ProfiledMainThread(() => (this.#running === undefined ? [] : [this.#running]));
  #stopReporting: () => void = () => undefined;
  #closeServices: () => void = () => undefined;
  #logging: Promise<HandlerLog> | undefined;
  #invoker: Invoker | undefined;
  #running: PendingInvocation | undefined;
  #invocations = 0;
  #lastUncaughtError: UncaughtErrorMessage | undefined;
  /** The error for new invocations once the pool has been abandoned. */
  #abandonDiagnostic: EncodedDiagnostic | undefined;

  constructor(config: Config, { log, handlers }: LogSink) {
    const failed = Promise.withResolvers<ManagedRuntimeError>();
    this.failed = failed.promise;
    this.#fail = failed.resolve;
    this.#config = config;
    this.#log = log;
    this.#handlers = handlers;
    // The connection of the extension; in local mode also those of the local server.
    const ownSockets = config.isLocal ? Infinity : Number(config.registerExtension);
    this.#deadlines = new DeadlinePolicy(config, log, {
      threadOf: () => undefined,
      inquire: ({ inquiryAtMs }) => inquireMainThread(inquiryAtMs, ownSockets),
      abandon: (invocation) => this.#release(invocation),
      fail: (error) => this.#fail(error),
    });
  }

  async start(share: () => SharedState): Promise<LoadedHandler> {
    const entry = (await import(ENTRY_FILES.inProcess.href)) as typeof import('../../workers/in-process.ts');
    if (this.#capacity.closed) return PENDING_FOREVER;
    const shared = share();
    this.#closeServices = () => shared.services?.close();
    const { initTimeoutMs } = this.#config;
    const failed = Promise.withResolvers<never>();
    const onUncaughtError = (message: UncaughtErrorMessage) => {
      if (this.#invoker !== undefined) this.#onUncaughtError(message);
      else if (!message.listened) failed.reject(new InitFailure(message.diagnostic));
    };
    const settings = invokerSettings(this.#config, this.#handlers);
    this.#stopReporting = entry.reportUncaughtErrors(onUncaughtError, 'process', settings.ownsThread);
    const load = async () => {
      this.#logging = entry.openLogging(this.#handlers);
      const { thrown } = await this.#logging;
      if (this.#capacity.closed) return PENDING_FOREVER;
      return entry.loadInvoker(settings, shared, thrown, (message) => this.#receive(message));
    };
    const timeoutError = () => new InitFailure(initTimeout(initTimeoutMs));
    try {
      const loaded = Promise.race([load(), failed.promise]);
      this.#invoker = await withTimeout(loaded, initTimeoutMs, timeoutError, this.#stopping.signal);
    } catch (error) {
      throw InitFailure.of(error);
    }
    this.#capacity.resize(1);
    return this.#invoker;
  }

  reserve(): Promise<boolean> {
    return this.#capacity.reserve();
  }

  cancelReservation(): void {
    this.#capacity.release();
  }

  run(invocation: Invocation, record: InvocationObserver): InvocationHandle {
    this.#invocations += 1;
    const pending = new PendingInvocation(this.#invocations, invocation, record);
    if (this.#abandonDiagnostic !== undefined) {
      pending.fail('shutdown', this.#abandonDiagnostic);
      pending.settle(this.#capacity);
      return pending;
    }
    this.#running = pending;
    record.dispatched(MAIN_THREAD, this.#invocations === 1);
    for (const watcher of this.#mainThread.watchers) watcher.onRun?.(pending);
    this.#deadlines.watch(pending);
    void this.#invoke(pending);
    return pending;
  }

  close(): void {
    this.#capacity.close();
  }

  abandon(diagnostic: EncodedDiagnostic): void {
    this.#abandonDiagnostic = diagnostic;
    const running = this.#running;
    if (running === undefined || running.inBackground) return;
    running.fail('shutdown', diagnostic);
    this.#release(running);
  }

  threads(): readonly ThreadMetrics[] {
    return [];
  }

  profiledThreads(): readonly ProfiledThread[] {
    return [this.#mainThread];
  }

  async runHooks(withinMs: number): Promise<void> {
    this.#capacity.close();
    this.#stopReporting();
    await this.#invoker?.shutdown(withinMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#capacity.close();
    this.#stopReporting();
    this.#failBackgroundWork();
    this.#closeServices();
    (await this.#logging?.catch(() => undefined))?.close();
  }

  async #invoke(pending: PendingInvocation): Promise<void> {
    const { metadata, event } = pending.invocation;
    const { wantsUsage } = pending.record;
    const message: InvokeMessage = { type: 'invoke', invocationId: pending.id, metadata, event, wantsUsage };
    const { outcome, background, report } = await (this.#invoker as Invoker).invoke(message);
    // The invocation was abandoned at its deadline.
    if (this.#running !== pending) return;
    pending.record.ran(report, background !== undefined);
    if (outcome !== undefined) pending.answer(outcome);
    if (background !== undefined) {
      pending.inBackground = true;
      this.#deadlines.watchBackground(pending);
      if (!(await background)) pending.record.backgroundFailed();
    }
    this.#release(pending);
  }

  #failBackgroundWork(): void {
    const running = this.#running;
    if (running?.inBackground !== true) return;
    const endReason: ThreadEndReason = { kind: 'stopped' };
    const diagnostic = describeThreadEnd(endReason, running.requestId);
    logLostInvocation(this.#log, running, endReason, diagnostic, undefined);
    running.fail(failureCause(endReason), diagnostic);
    this.#release(running);
  }

  /** Has an effect once: an invocation that was abandoned at its deadline may still settle. */
  #release(pending: PendingInvocation): void {
    if (this.#running !== pending) return;
    this.#running = undefined;
    pending.settle(this.#capacity);
  }

  #receive(message: StreamMessage): void {
    if (this.#running?.id === message.invocationId) {
      // Deferred, as with a worker thread: otherwise a handler that only writes would block the event loop.
      this.#running.receive(message, (control) => setImmediate(() => this.#invoker?.control(control)));
    } else if (message.type === 'stream-opened') {
      this.#invoker?.control(abandonedStream(message.invocationId));
    }
  }

  /**
   * Single mode has no thread to replace, so the pool fails once the caller has been answered. If user code listens for
   * uncaught errors, only the invocation fails, and an error outside any invocation is left to that listener.
   */
  #onUncaughtError(message: UncaughtErrorMessage): void {
    const { origin, invocationId, diagnostic, listened } = message;
    const pending = this.#running?.id === invocationId ? this.#running : undefined;
    if (listened && pending === undefined) return;
    logUncaughtError(this.#log, message, this.#lastUncaughtError, undefined);
    this.#lastUncaughtError = message;
    pending?.fail('crash', diagnostic);
    // Deferred because the listener, which Node.js calls next, may end the process.
    if (listened && pending !== undefined) return void setImmediate(() => this.#release(pending));
    // Settled without capacity, so that no other invocation starts.
    pending?.settle(undefined);
    const { errorType, errorMessage } = summaryOf(diagnostic);
    const reason = `The handler's code is in an unknown state (${origin}): ${errorType}: ${errorMessage}`;
    this.#fail(new ManagedRuntimeError('HANDLER_CRASHED', reason));
  }
}

/** The main thread in invocation records, channels and metrics. Worker threads are numbered from 1. */
const MAIN_THREAD = 0;

/** The result of `start()` if the pool is stopped during the start. */
const PENDING_FOREVER = new Promise<never>(() => undefined);
