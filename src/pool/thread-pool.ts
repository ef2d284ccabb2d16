import { Promise } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import type { DevHooks } from '../config/options.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation } from '../invocation/invocation.ts';
import type { FailureCause, InvocationObserver, ThreadsObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import type {
  HandlerMessage,
  LoadedHandler,
  ReplyMessage,
  SettledMessage,
  StreamMessage,
  UncaughtErrorMessage,
} from '../protocol.ts';
import type { SharedState } from '../thread-settings.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { DeadlineInquiries } from './deadline-inquiry.ts';
import type { Activity, Inquiry } from './deadline-inquiry.ts';
import { DeadlinePolicy } from './deadline-policy.ts';
import { whereabouts } from './deadline-report.ts';
import { logUncaughtError, logLostInvocation, describeThreadEnd, failureCause } from './thread-end.ts';
import { PendingInvocation, abandonedStream } from './pending-invocation.ts';
import { ProfiledMainThread } from './profiled-thread.ts';
import type { ProfiledThread } from './profiled-thread.ts';
import type { PoolThread } from './pool-thread.ts';
import { ThreadCapacity } from './thread-capacity.ts';
import type { ThreadEndReason } from './thread-end.ts';
import { ThreadManager } from './thread-manager.ts';
import type { ThreadManagerListener } from './thread-manager.ts';
import type { InvocationHandle, WorkerPool } from './worker-pool.ts';

/** Runs handlers in worker threads: gives invocations to the threads of the manager and ensures that each invocation is answered. */
export class ThreadPool implements WorkerPool, ThreadManagerListener {
  readonly failed: Promise<ManagedRuntimeError>;
  readonly #log: Log;
  readonly #perThread: number;
  readonly #development: DevHooks | undefined;
  readonly #capacity = new ThreadCapacity();
  readonly #manager: ThreadManager;
  readonly #deadlines: DeadlinePolicy;
  readonly #inquiries: DeadlineInquiries;
  /** Invocations that wait for a thread. This happens only if a thread is lost while a poll is open. */
  readonly #waiting: PendingInvocation[] = [];
  readonly #mainThread = new ProfiledMainThread();
  readonly #lastUncaughtErrors = new WeakMap<PoolThread, UncaughtErrorMessage>();
  #invocations = 0;
  /** The error for new invocations once the pool has been abandoned. */
  #abandonDiagnostic: EncodedDiagnostic | undefined;

  constructor(config: Config, sink: LogSink, observer: ThreadsObserver) {
    const failed = Promise.withResolvers<ManagedRuntimeError>();
    this.failed = failed.promise;
    this.#log = sink.log;
    this.#perThread = config.invocationsPerThread;
    this.#development = config.devHooks;
    this.#manager = new ThreadManager(config, sink, observer, this, failed.resolve);
    this.#inquiries = new DeadlineInquiries(sink.log);
    this.#deadlines = new DeadlinePolicy(config, sink.log, {
      threadOf: (invocation) => this.#threadOf(invocation),
      inquire: (invocation) => this.#inquire(invocation),
      abandon: (invocation, activity) => this.#abandonInvocation(invocation, activity),
      fail: failed.resolve,
    });
  }

  async start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler> {
    const handler = await this.#manager.start(share, mainThreadLoaded);
    this.#development?.onServing(() => this.#manager.reload());
    return handler;
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
      this.#fail(pending, 'shutdown', this.#abandonDiagnostic);
      return pending;
    }
    this.#deadlines.watch(pending);
    const thread = this.#manager.threads.leastLoaded(this.#perThread);
    if (thread === undefined) this.#waiting.push(pending);
    else thread.run(pending);
    return pending;
  }

  close(): void {
    this.#capacity.close();
  }

  abandon(diagnostic: EncodedDiagnostic): void {
    this.#abandonDiagnostic = diagnostic;
    for (const invocation of this.#waiting.splice(0)) this.#fail(invocation, 'shutdown', diagnostic);
    for (const thread of this.#manager.threads.running()) {
      for (const invocation of thread.invocations) {
        if (invocation.inBackground) continue;
        thread.invocations.delete(invocation);
        this.#fail(invocation, 'shutdown', diagnostic);
      }
    }
  }

  threads(): readonly ThreadMetrics[] {
    return this.#manager.threads.metrics();
  }

  profiledThreads(): readonly ProfiledThread[] {
    return [this.#mainThread, ...this.#manager.threads.running()];
  }

  async runHooks(withinMs: number): Promise<void> {
    this.#capacity.close();
    await this.#manager.runHooks(withinMs);
  }

  async stop(): Promise<void> {
    this.#capacity.close();
    await this.#manager.stop();
  }

  onOutOfService(): void {
    this.#capacity.resize(-this.#perThread);
  }

  onStateChange(thread: PoolThread): void {
    if (thread.state === 'ready') {
      this.#capacity.resize(this.#perThread);
      this.#dispatchWaiting();
    }
    if (thread.state === 'ending' || thread.state === 'ended') this.#failAll(thread);
  }

  onMessage(thread: PoolThread, message: HandlerMessage): void {
    switch (message.type) {
      case 'response':
      case 'failure':
        return this.#replied(thread, message);
      case 'stream-opened':
      case 'stream-chunk':
      case 'stream-ended':
        return this.#streamed(thread, message);
      case 'settled':
        return this.#settled(thread, message);
      case 'uncaught-error':
        return this.#onUncaughtError(thread, message);
    }
  }

  #threadOf(invocation: PendingInvocation): PoolThread | undefined {
    return this.#manager.threads.running().find((thread) => thread.invocations.has(invocation));
  }

  #inquire(invocation: PendingInvocation): Inquiry | undefined {
    const thread = this.#threadOf(invocation);
    return thread === undefined ? undefined : this.#inquiries.begin(thread, invocation.answerAtMs);
  }

  #dispatchWaiting(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#manager.threads.leastLoaded(this.#perThread);
      if (thread === undefined) return;
      const invocation = this.#waiting.shift() as PendingInvocation;
      if (invocation.answered) invocation.settle(this.#capacity);
      else thread.run(invocation);
    }
  }

  #replied(thread: PoolThread, reply: ReplyMessage): void {
    const invocation = thread.find(reply.invocationId);
    if (invocation === undefined) return;
    invocation.record.ran(reply, reply.hasBackgroundWork === true);
    invocation.answer(reply);
    if (reply.hasBackgroundWork !== true) return this.#release(invocation, thread);
    invocation.inBackground = true;
    this.#deadlines.watchBackground(invocation);
  }

  #streamed(thread: PoolThread, message: StreamMessage): void {
    const invocation = thread.find(message.invocationId);
    if (invocation !== undefined) invocation.receive(message, (control) => thread.control(control));
    else if (message.type === 'stream-opened') thread.control(abandonedStream(message.invocationId));
  }

  #settled(thread: PoolThread, message: SettledMessage): void {
    const { invocationId, backgroundFailed, stream } = message;
    const invocation = thread.find(invocationId);
    if (invocation === undefined) return;
    if (stream !== undefined) invocation.record.ran(stream.report, stream.background);
    if (backgroundFailed) invocation.record.backgroundFailed();
    this.#release(invocation, thread);
  }

  /**
   * Retires the thread, because the state of its code is unknown; its other invocations may finish. If user code listens for
   * uncaught errors, an error outside any invocation is left to that listener.
   */
  #onUncaughtError(thread: PoolThread, message: UncaughtErrorMessage): void {
    const invocation = message.invocationId === undefined ? undefined : thread.find(message.invocationId);
    if (message.listened && invocation === undefined) return;
    logUncaughtError(this.#log, message, this.#lastUncaughtErrors.get(thread), thread.id);
    this.#lastUncaughtErrors.set(thread, message);
    invocation?.fail('crash', message.diagnostic);
    // The thread retires before the release, which would otherwise grant capacity that the thread no longer has.
    this.#manager.retire(thread, { kind: 'uncaught-error', message });
    if (invocation !== undefined) this.#release(invocation, thread);
  }

  /** Does nothing if the handler has settled since the answer. */
  #abandonInvocation(invocation: PendingInvocation, activity: Activity | undefined): void {
    const thread = this.#threadOf(invocation);
    if (thread === undefined) return this.#dequeue(invocation);
    this.#manager.retireAtDeadline(thread, invocation.requestId, whereabouts(activity));
    this.#release(invocation, thread);
  }

  /** Removes an answered invocation from its thread, even if its handler still runs, and frees its capacity. */
  #release(invocation: PendingInvocation, thread: PoolThread): void {
    if (!thread.release(invocation)) return;
    invocation.settle(this.#capacity);
    this.#manager.afterInvocation(thread);
    this.#dispatchWaiting();
  }

  /** Removes an answered invocation from the queue, so that no thread receives it. */
  #dequeue(invocation: PendingInvocation): void {
    const index = this.#waiting.indexOf(invocation);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    invocation.settle(this.#capacity);
  }

  #failAll(thread: PoolThread): void {
    const endReason = thread.endReason as ThreadEndReason;
    for (const invocation of thread.invocations.clear()) {
      const diagnostic = describeThreadEnd(endReason, invocation.requestId);
      const wasUnanswered = this.#fail(invocation, failureCause(endReason), diagnostic);
      if (wasUnanswered || invocation.inBackground)
        logLostInvocation(this.#log, invocation, endReason, diagnostic, thread.id);
    }
  }

  /** Returns false if the invocation had already been answered. */
  #fail(invocation: PendingInvocation, cause: FailureCause, diagnostic: EncodedDiagnostic): boolean {
    const wasUnanswered = invocation.fail(cause, diagnostic);
    invocation.settle(this.#capacity);
    return wasUnanswered;
  }
}
