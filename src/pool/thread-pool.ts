import { Promise } from '../builtins.ts';
import type { Config, Development } from '../config/config.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation } from '../invocation/invocation.ts';
import type { FailureCause, InvocationObserver, ThreadsObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import type {
  UncaughtErrorMessage,
  LoadedHandler,
  ReplyMessage,
  SettledMessage,
  StreamMessage,
} from '../protocol.ts';
import type { SharedState } from '../thread-settings.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { DeadlinePolicy } from './deadline-policy.ts';
import { logEscaped, logLost, describeThreadEnd, failureCause } from './thread-end.ts';
import { PendingInvocation, givenUp } from './pending-invocation.ts';
import type { PoolThread, ThreadMessage } from './pool-thread.ts';
import { ThreadCapacity } from './pool-sizing.ts';
import type { ThreadEnd } from './thread-end.ts';
import { ThreadManager } from './thread-manager.ts';
import type { ThreadManagerListener } from './thread-manager.ts';
import type { ThreadState } from './thread-start.ts';
import type { InvocationHandle, WorkerPool } from './worker-pool.ts';

/** Handlers in worker threads. The manager keeps threads up; this hands them invocations and sees that each is answered. */
export class ThreadPool implements WorkerPool, ThreadManagerListener {
  readonly failed: Promise<ManagedRuntimeError>;
  readonly onUnrecoverable: (error: ManagedRuntimeError) => void;
  readonly #log: Log;
  readonly #perThread: number;
  readonly #development: Development | undefined;
  readonly #capacity = new ThreadCapacity();
  readonly #manager: ThreadManager;
  readonly #deadlines: DeadlinePolicy;
  /** Accepted while no thread was free, which happens only when one left under a parked poll. */
  readonly #waiting: PendingInvocation[] = [];
  /** Threads of which an error has been told. */
  readonly #escapedFrom = new WeakSet<PoolThread>();
  #invocations = 0;
  /** What invocations are answered with once the pool has been abandoned. */
  #abandoned: EncodedDiagnostic | undefined;

  constructor(config: Config, sink: LogSink, observer: ThreadsObserver) {
    const failed = Promise.withResolvers<ManagedRuntimeError>();
    this.failed = failed.promise;
    this.onUnrecoverable = failed.resolve;
    this.#log = sink.log;
    this.#perThread = config.invocationsPerThread;
    this.#development = config.development;
    this.#manager = new ThreadManager(config, sink, observer, this);
    this.#deadlines = new DeadlinePolicy(config, sink.log, {
      giveUp: (invocation, thread) => this.#giveUp(invocation, thread),
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

  release(): void {
    this.#capacity.release();
  }

  run(invocation: Invocation, record: InvocationObserver): InvocationHandle {
    this.#invocations += 1;
    const pending = new PendingInvocation(this.#invocations, invocation, record);
    if (this.#abandoned !== undefined) {
      this.#fail(pending, 'shutdown', this.#abandoned);
      return pending;
    }
    this.#watchDeadline(pending);
    const thread = this.#manager.threads.freest(this.#perThread);
    if (thread === undefined) this.#waiting.push(pending);
    else thread.run(pending);
    return pending;
  }

  close(): void {
    this.#capacity.close();
  }

  abandon(reason: EncodedDiagnostic): void {
    this.#abandoned = reason;
    for (const invocation of this.#waiting.splice(0)) this.#fail(invocation, 'shutdown', reason);
    for (const thread of this.#manager.threads.running()) {
      for (const invocation of thread.invocations) {
        if (invocation.inBackground) continue;
        thread.invocations.delete(invocation);
        this.#fail(invocation, 'shutdown', reason);
      }
    }
  }

  threads(): readonly ThreadMetrics[] {
    return this.#manager.threads.metrics();
  }

  async runHooks(withinMs: number): Promise<void> {
    this.#capacity.close();
    await this.#manager.runHooks(withinMs);
  }

  async stop(): Promise<void> {
    this.#capacity.close();
    await this.#manager.stop();
  }

  onStateChange(thread: PoolThread, from: ThreadState): void {
    if (thread.state === 'ready') this.#capacity.resize(this.#perThread);
    if (from === 'ready') this.#capacity.resize(-this.#perThread);
    if (thread.state === 'ready') this.#dispatchWaiting();
    if (thread.state === 'ending' || thread.state === 'ended') this.#failAll(thread);
  }

  onMessage(thread: PoolThread, message: ThreadMessage): void {
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

  #watchDeadline(invocation: PendingInvocation): void {
    this.#deadlines.watch(invocation, () =>
      this.#manager.threads.running().find((thread) => thread.invocations.has(invocation)),
    );
  }

  #dispatchWaiting(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#manager.threads.freest(this.#perThread);
      if (thread === undefined) return;
      const invocation = this.#waiting.shift() as PendingInvocation;
      if (invocation.answered) invocation.settle(this.#capacity);
      else thread.run(invocation);
    }
  }

  #replied(thread: PoolThread, reply: ReplyMessage): void {
    const invocation = thread.find(reply.invocationId);
    if (invocation === undefined) return;
    invocation.record.ran(reply, reply.settled === false);
    invocation.answer(reply);
    if (reply.settled !== false) return this.#release(invocation, thread);
    invocation.inBackground = true;
    this.#watchDeadline(invocation);
  }

  #streamed(thread: PoolThread, message: StreamMessage): void {
    const invocation = thread.find(message.invocationId);
    if (invocation !== undefined) invocation.receive(message, (control) => thread.control(control));
    else if (message.type === 'stream-opened') thread.control(givenUp(message.invocationId));
  }

  #settled(thread: PoolThread, { invocationId, stream }: SettledMessage): void {
    const invocation = thread.find(invocationId);
    if (invocation === undefined) return;
    if (stream !== undefined) invocation.record.ran(stream.report, stream.background);
    this.#release(invocation, thread);
  }

  /**
   * Nobody knows the state of the thread's code: what it holds may finish, and it takes no more. What no invocation waits
   * for, and a listener of the handler's code hears of, is left to that.
   */
  #onUncaughtError(thread: PoolThread, message: UncaughtErrorMessage): void {
    const culprit = message.invocationId === undefined ? undefined : thread.find(message.invocationId);
    if (message.listened && culprit === undefined) return;
    // A listener calls process.exit because of an error that has been told of.
    if (message.how !== 'exit' || !this.#escapedFrom.has(thread)) logEscaped(this.#log, message, thread.id);
    this.#escapedFrom.add(thread);
    culprit?.fail('crash', message.diagnostic);
    // Before the culprit is released: its capacity would be granted for a thread that takes no more.
    this.#manager.retire(thread, { cause: 'uncaught-error', message });
    if (culprit !== undefined) this.#release(culprit, thread);
  }

  #giveUp(invocation: PendingInvocation, thread: PoolThread | undefined): void {
    if (thread === undefined) return this.#dequeue(invocation);
    this.#manager.retireAtDeadline(thread, invocation.requestId);
    this.#release(invocation, thread);
  }

  /** It has been answered; what it may still do no longer counts. */
  #release(invocation: PendingInvocation, thread: PoolThread): void {
    if (!thread.release(invocation)) return;
    invocation.settle(this.#capacity);
    this.#manager.afterInvocation(thread);
    this.#dispatchWaiting();
  }

  /** It has been answered, and will not be given to a thread any more. */
  #dequeue(invocation: PendingInvocation): void {
    const index = this.#waiting.indexOf(invocation);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    invocation.settle(this.#capacity);
  }

  #failAll(thread: PoolThread): void {
    const end = thread.end as ThreadEnd;
    for (const invocation of thread.invocations.clear()) {
      const reason = describeThreadEnd(end, invocation.requestId);
      const isHeard = this.#fail(invocation, failureCause(end), reason);
      if (isHeard || invocation.inBackground) logLost(this.#log, invocation, end, reason, thread.id);
    }
  }

  /** False if its caller has been answered before. */
  #fail(invocation: PendingInvocation, cause: FailureCause, reason: EncodedDiagnostic): boolean {
    const isHeard = invocation.fail(cause, reason);
    invocation.settle(this.#capacity);
    return isHeard;
  }
}
