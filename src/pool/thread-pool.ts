import type { Config, Development } from '../config.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation } from '../invocation/invocation.ts';
import type { FailureCause, InvocationObserver, ThreadsObserver } from '../observing/observer.ts';
import type { ThreadFigures } from '../observing/thread-figures.ts';
import type {
  BackgroundFailedMessage,
  EscapedMessage,
  LoadedHandler,
  ReplyMessage,
  SettledMessage,
  StreamMessage,
} from '../protocol.ts';
import type { SharedState } from '../thread-settings.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { DeadlinePolicy } from './deadline-policy.ts';
import { PendingRun, givenUp } from './pending-run.ts';
import type { PoolThread } from './pool-thread.ts';
import { Room } from './room.ts';
import { describeThreadEnd, failureCause } from './thread-end.ts';
import type { ThreadEnd } from './thread-end.ts';
import { ThreadCrew } from './thread-crew.ts';
import type { Run, WorkerPool } from './worker-pool.ts';

/** Handlers in worker threads. The crew keeps threads up; this hands them invocations and sees that each is answered. */
export class ThreadPool implements WorkerPool {
  readonly failed: Promise<ManagedRuntimeError>;
  readonly #fail: (error: ManagedRuntimeError) => void;
  readonly #log: Log;
  readonly #perThread: number;
  readonly #development: Development | undefined;
  readonly #room = new Room();
  readonly #crew: ThreadCrew;
  readonly #deadlines: DeadlinePolicy;
  /** Accepted while no thread had room, which happens only when one left under a parked poll. */
  readonly #waiting: PendingRun[] = [];
  #runs = 0;
  /** What invocations are answered with once the pool has been abandoned. */
  #abandoned: EncodedDiagnostic | undefined;

  constructor(config: Config, sink: LogSink, observer: ThreadsObserver) {
    const failed = Promise.withResolvers<ManagedRuntimeError>();
    this.failed = failed.promise;
    this.#fail = failed.resolve;
    this.#log = sink.log;
    this.#perThread = config.invocationsPerThread;
    this.#development = config.development;
    this.#crew = new ThreadCrew(config, sink, observer, {
      onJoined: () => this.#joined(),
      onLeft: () => this.#room.resize(-this.#perThread),
      onReply: (thread, reply) => this.#reply(thread, reply),
      onStream: (thread, message) => this.#stream(thread, message),
      onSettled: (thread, message) => this.#settled(thread, message),
      onBackgroundFailed: (thread, message) => this.#backgroundFailed(thread, message),
      onEscaped: (thread, message) => this.#escaped(thread, message),
      onEnd: (thread, end) => this.#bury(thread, end),
      onHopeless: (error) => this.#fail(error),
    });
    this.#deadlines = new DeadlinePolicy(config, sink.log, {
      shared: config.invocationsPerThread > 1,
      abandon: (run, thread) => (thread === undefined ? this.#forget(run) : this.#leave(run, thread)),
      fail: (error) => this.#fail(error),
    });
  }

  async start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler> {
    const handler = await this.#crew.start(share, mainThreadLoaded);
    this.#development?.onServing(() => this.#crew.reload());
    return handler;
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
      this.#conclude(run, 'shutdown', this.#abandoned);
      return run;
    }
    this.#deadlines.watch(run, () => this.#threadOf(run));
    const thread = this.#freest();
    if (thread === undefined) this.#waiting.push(run);
    else thread.run(run);
    return run;
  }

  close(): void {
    this.#room.close();
  }

  abandon(reason: EncodedDiagnostic): void {
    this.#abandoned = reason;
    for (const run of this.#waiting.splice(0)) this.#conclude(run, 'shutdown', reason);
    for (const thread of this.#crew.all()) {
      for (const run of thread.runs) {
        if (run.inBackground) continue;
        thread.runs.delete(run);
        this.#conclude(run, 'shutdown', reason);
      }
    }
  }

  threads(): readonly ThreadFigures[] {
    return this.#crew.figures();
  }

  async runHooks(withinMs: number): Promise<void> {
    this.#room.close();
    await this.#crew.runHooks(withinMs);
  }

  async stop(): Promise<void> {
    this.#room.close();
    await this.#crew.stop();
  }

  #joined(): void {
    this.#room.resize(this.#perThread);
    this.#dispatchWaiting();
  }

  #dispatchWaiting(): void {
    if (this.#waiting.length === 0) return;
    for (let thread = this.#freest(); thread && this.#waiting.length > 0; thread = this.#freest()) {
      const run = this.#waiting.shift() as PendingRun;
      if (run.answered) run.settle(this.#room);
      else thread.run(run);
    }
  }

  #freest(): PoolThread | undefined {
    let freest: PoolThread | undefined;
    for (const thread of this.#crew.ready) {
      const load = thread.runs.size;
      if (load === 0) return thread;
      if (load < (freest?.runs.size ?? this.#perThread)) freest = thread;
    }
    return freest;
  }

  #threadOf(run: PendingRun): PoolThread | undefined {
    return this.#crew.all().find((thread) => thread.runs.has(run));
  }

  #reply(thread: PoolThread, reply: ReplyMessage): void {
    const run = thread.find(reply.run);
    if (run === undefined) return;
    run.record.ran(reply, reply.settled === false);
    run.answer(reply);
    if (reply.settled !== false) return this.#leave(run, thread);
    run.inBackground = true;
    this.#deadlines.watch(run, () => this.#threadOf(run));
  }

  #stream(thread: PoolThread, message: StreamMessage): void {
    const run = thread.find(message.run);
    if (run !== undefined) run.receive(message, (control) => thread.control(control));
    else if (message.type === 'stream-opened') thread.control(givenUp(message.run));
  }

  #settled(thread: PoolThread, { run: id, stream }: SettledMessage): void {
    const run = thread.find(id);
    if (run === undefined) return;
    if (stream !== undefined) run.record.ran(stream.report, stream.background);
    this.#leave(run, thread);
  }

  #backgroundFailed(thread: PoolThread, { requestId, diagnostic: thrown }: BackgroundFailedMessage): void {
    this.#log.error({ requestId, thread: thread.id, diagnostic: thrown.body }, 'Background work failed');
  }

  /**
   * The thread takes no more. After an error it still runs, but what state its code is in nobody knows: it finishes
   * what it holds and goes. After an exit it is about to end by itself.
   */
  #escaped(thread: PoolThread, message: EscapedMessage): void {
    const { how, requestId, diagnostic: thrown } = message;
    this.#log.error(
      { thread: thread.id, how, requestId, diagnostic: thrown.body },
      'An error escaped a handler',
    );
    const culprit = message.run === undefined ? undefined : thread.find(message.run);
    culprit?.fail('crash', thrown);
    // Before the room of the culprit is given back: it would be granted for a thread that takes no more.
    this.#crew.retire(thread, { cause: 'escaped', message });
    if (how === 'exit') {
      setTimeout(() => void thread.terminate({ cause: 'escaped', message }), EXIT_LISTENERS_MS).unref();
    } else if (culprit !== undefined) this.#leave(culprit, thread);
  }

  #bury(thread: PoolThread, end: ThreadEnd): void {
    for (const run of thread.runs.clear()) {
      const { requestId, inBackground } = run;
      if (inBackground)
        this.#log.error({ requestId, thread: thread.id, cause: end.cause }, 'Background work was lost');
      this.#conclude(run, failureCause(end), describeThreadEnd(end, requestId));
    }
  }

  /** It has been answered; what it may still do no longer counts, and its thread lives on for the others. */
  #leave(run: PendingRun, thread: PoolThread): void {
    if (!thread.runs.delete(run)) return;
    run.settle(this.#room);
    this.#crew.afterRun(thread);
    this.#dispatchWaiting();
  }

  /** It has been answered, and will not be given to a thread any more. */
  #forget(run: PendingRun): void {
    const index = this.#waiting.indexOf(run);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    run.settle(this.#room);
  }

  #conclude(run: PendingRun, cause: FailureCause, reason: EncodedDiagnostic): void {
    run.fail(cause, reason);
    run.settle(this.#room);
  }
}

/** How long the listeners of a thread's `exit` may take, before the thread is taken. */
const EXIT_LISTENERS_MS = 1_000;
