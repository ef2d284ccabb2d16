import { Promise, setTimeout } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import { decodeDiagnostic } from '../invocation/diagnostic.ts';
import type { ThreadEndCause, ThreadsObserver } from '../observability/observer.ts';
import type { LoadedHandler } from '../protocol.ts';
import type { LogSettings, SharedState } from '../thread-settings.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { watchUntilEnd } from './ending-watch.ts';
import { HeapGuard } from './heap-guard.ts';
import {
  InitFailure,
  describeThreadEnd,
  logThreadLost,
  replacementCause,
  summaryOfEnd,
} from './thread-end.ts';
import { Recycling, Reloading, PROBATION_MS, RestartBackoff } from './thread-replacement.ts';
import type { BootFailure } from './thread-replacement.ts';
import { PoolThread } from './pool-thread.ts';
import type { ThreadListener, ThreadMessage } from './pool-thread.ts';
import { PoolSizing } from './pool-sizing.ts';
import { exitWithoutThreads } from './process-exit.ts';
import type { ThreadEnd } from './thread-end.ts';
import { DelayHistograms, threadStart } from './thread-start.ts';
import { ThreadSet } from './thread-set.ts';
import type { ThreadState } from './thread-start.ts';

/** What the manager and its threads tell the pool. */
export interface ThreadManagerListener extends ThreadListener {
  /** No thread could be brought up for too long. */
  onUnrecoverable(error: ManagedRuntimeError): void;
}

/** What the pool sees of the threads. */
export type Threads = Pick<ThreadSet, 'freest' | 'metrics' | 'running'>;

/** Keeps the wanted number of threads up: starts, replaces, recycles and ends them. */
export class ThreadManager implements ThreadListener {
  readonly #threads = new ThreadSet();
  readonly #config: Config;
  readonly #log: Log;
  readonly #handlers: LogSettings;
  readonly #pool: ThreadManagerListener;
  readonly #observer: ThreadsObserver;
  readonly #sizing: PoolSizing;
  readonly #backoff: RestartBackoff;
  readonly #recycling: Recycling;
  readonly #reloading = new Reloading();
  readonly #heaps: HeapGuard;
  readonly #delays = new DelayHistograms();
  readonly #started = Promise.withResolvers<LoadedHandler>();
  #share: () => SharedState = () => ({ services: undefined, data: undefined });
  #endProcessAsUsual: () => void = () => undefined;
  #ids = 0;
  #served = false;
  #stopping = false;
  /** Threads that have failed while others are still loading: whether the init has failed is not decided yet. */
  #undecided: BootFailure[] = [];
  /** Threads that are to go take the memory that the next one needs. */
  #lacksMemory = false;

  constructor(
    config: Config,
    { log, handlers }: LogSink,
    observer: ThreadsObserver,
    pool: ThreadManagerListener,
  ) {
    this.#config = config;
    this.#log = log;
    this.#handlers = handlers;
    this.#observer = observer;
    this.#pool = pool;
    this.#sizing = new PoolSizing(config, log);
    this.#backoff = new RestartBackoff(config.threadRecoveryTimeoutMs, log, {
      tryAgain: () => this.#reconcile(),
      giveUp: (error) => this.#giveUp(error),
    });
    this.#recycling = new Recycling(config.maxInvocationsPerThread);
    this.#heaps = new HeapGuard(
      config,
      log,
      () => this.#threads.running(),
      (thread, diagnostic) => {
        thread.terminate({ cause: 'out-of-memory', diagnostic });
        return thread.gone;
      },
    );
  }

  /** Resolves when the first thread is ready; rejects with an InitFailure when all that were started have failed. */
  start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler> {
    this.#share = share;
    if (!this.#stopping) {
      this.#heaps.start();
      this.#endProcessAsUsual = exitWithoutThreads(() => this.#threads.size > 0);
    }
    this.#reconcile();
    const takeAllCores = () => {
      this.#sizing.takeAllCores();
      this.#reconcile();
    };
    mainThreadLoaded.then(takeAllCores, takeAllCores);
    return this.#started.promise;
  }

  get threads(): Threads {
    return this.#threads;
  }

  /** Takes the thread out of service; it ends when it holds no invocation any more. */
  retire(thread: PoolThread, end: ThreadEnd): void {
    // A hook that fails must not keep the thread's other hooks from running.
    if (!this.#stopping) thread.retire(end);
  }

  /** The same where an invocation has missed its deadline: what outlives that can still block the thread. */
  retireAtDeadline(thread: PoolThread, requestId: string): void {
    this.retire(thread, { cause: 'deadline', requestId });
    this.#watch(thread);
  }

  /** Replaces all threads by ones that load the code anew, as `Development.onServing` says. */
  reload(): Promise<void> {
    const reloaded = this.#reloading.begin(this.#ids + 1);
    this.#undecided = [];
    for (const thread of this.#threads.in('starting')) thread.stop({ cause: 'recycled' });
    this.#backoff.stopWaiting();
    this.#reconcile();
    return reloaded;
  }

  /** To be called when an invocation has left the thread. */
  afterInvocation(thread: PoolThread): void {
    if (this.#backoff.isUnderWay) this.#backoff.succeeded();
    if (this.#recycling.isDue(thread)) this.#recycle(thread);
  }

  /** Runs the shutdown hooks of all threads. No thread is replaced from now on. */
  async runHooks(withinMs: number): Promise<void> {
    this.#beginStop();
    await Promise.all([...this.#threads].map((thread) => thread.shutDown(withinMs)));
  }

  /** Lets all threads end; resolves when they have. They do not keep the process alive. */
  async stop(): Promise<void> {
    this.#beginStop();
    const threads = [...this.#threads];
    for (const thread of threads) {
      thread.stop({ cause: 'stopped' });
      thread.unref();
    }
    await Promise.all(threads.map(({ gone }) => gone));
    this.#endProcessAsUsual();
  }

  onStateChange(thread: PoolThread, from: ThreadState): void {
    if (from === 'ready') this.#left(thread);
    if (from === 'starting' && thread.state !== 'ready') this.#notUp(thread);
    else if (thread.state === 'ended') this.#ended(thread, from);
    if (thread.state === 'ending') this.#watch(thread);
    if (thread.state === 'ready') this.#joined(thread);
    else this.#pool.onStateChange(thread, from);
    this.#reconcile();
  }

  onMessage(thread: PoolThread, message: ThreadMessage): void {
    if (message.type === 'heap-threshold-exceeded') this.#recycle(thread);
    else this.#pool.onMessage(thread, message);
  }

  #beginStop(): void {
    this.#stopping = true;
    this.#backoff.stop();
    this.#heaps.stop();
  }

  #joined(thread: PoolThread): void {
    thread.observer.ready();
    this.#served = true;
    const prove = () => thread.state === 'ready' && this.#backoff.succeeded();
    if (this.#backoff.isUnderWay) setTimeout(prove, PROBATION_MS).unref();
    this.#pool.onStateChange(thread, 'starting');
    this.#started.resolve(thread.handler as LoadedHandler);
    for (const failure of this.#undecided.splice(0)) this.#retryBoot(failure);
    this.#recycling.replaced()?.retire({ cause: 'recycled' });
    this.#reloading.succeed();
    for (const each of this.#outdated()) each.retire({ cause: 'recycled' });
  }

  /** It serves no more. */
  #left(thread: PoolThread): void {
    const end = thread.end as ThreadEnd;
    thread.observer.retired(this.#causeOf(end), describeThreadEnd(end, undefined));
    this.#recycling.forget(thread);
    if (this.#stopping) return;
    if (thread.started > 0) this.#backoff.succeeded();
    // One that ended before it was given anything: the next one would do the same, at once.
    else if (end.cause !== 'recycled' && thread.ageMs < PROBATION_MS)
      this.#backoff.failed(thread.id, summaryOfEnd(end), 'A thread was lost as soon as it was there');
    if (this.#threads.in('ready').length === 0) this.#backoff.startGiveUpTimer();
  }

  #notUp(thread: PoolThread): void {
    const end = thread.end as ThreadEnd;
    const isWanted = end.cause !== 'stopped' && end.cause !== 'recycled';
    const reason = describeThreadEnd(end, undefined);
    if (this.#stopping || !isWanted) return thread.observer.ended(this.#causeOf(end), reason);
    thread.observer.ended('bootFailed', reason);
    const failure = { thread: thread.id, reason };
    if (!this.#served) this.#decideInit(failure);
    else if (!this.#reloading.fail(reason)) this.#retryBoot(failure);
  }

  /** A module that loads in one thread at least is served, whichever thread is the first to fail. */
  #decideInit(failure: BootFailure): void {
    this.#undecided.push(failure);
    if (this.#threads.in('starting').length > 0) return;
    this.#stopping = true;
    this.#started.reject(new InitFailure((this.#undecided[0] ?? failure).reason));
  }

  #retryBoot({ thread, reason }: BootFailure): void {
    this.#backoff.failed(thread, decodeDiagnostic(reason), 'A thread did not come up');
  }

  #ended(thread: PoolThread, from: ThreadState): void {
    const end = thread.end as ThreadEnd;
    thread.observer.ended(this.#causeOf(end), describeThreadEnd(end, undefined));
    if (!this.#stopping && from === 'ready') logThreadLost(this.#log, thread.id, end);
  }

  #causeOf(end: ThreadEnd): ThreadEndCause | undefined {
    return this.#stopping ? undefined : replacementCause(end);
  }

  #watch(thread: PoolThread): void {
    void watchUntilEnd(thread, () => this.#isInTheWay(thread), this.#log);
  }

  /** One at a time, since the memory of one that is terminated is free only when it has gone. */
  #isInTheWay(thread: PoolThread): boolean {
    return (
      this.#lacksMemory && this.#threads.in('ended').length === 0 && this.#threads.in('ending')[0] === thread
    );
  }

  #reconcile(): void {
    while (!this.#stopping && !this.#backoff.isWaiting && this.#undecided.length === 0) {
      const ready = this.#threads.in('ready').length;
      const starting = this.#threads.in('starting').length;
      const extra = this.#recycling.extra + this.#reloading.extra;
      const verdict = this.#sizing.verdict(ready, starting, this.#threads.size - ready - starting, extra);
      this.#lacksMemory = verdict === 'full';
      if (verdict === 'full') return this.#doWithout(ready);
      if (verdict === 'wait') return;
      this.#boot();
    }
  }

  /**
   * No memory for one more: a thread that is to be replaced goes first. Else those that are about to go have to; without
   * any, the number of threads stays as small as it is.
   */
  #doWithout(ready: number): void {
    const outgoing = this.#recycling.replaced() ?? this.#outdated()[0];
    if (outgoing !== undefined) outgoing.retire({ cause: 'recycled' });
    else if (this.#threads.size === ready) this.#sizing.settleFor(ready);
  }

  #boot(): void {
    this.#ids += 1;
    const observer = this.#observer.starts(this.#ids);
    const delays = this.#delays.take();
    const start = threadStart(this.#ids, observer, this.#config, this.#handlers, this.#share(), delays);
    const thread = new PoolThread(start, this);
    this.#threads.add(thread);
    this.#sizing.reached(this.#threads.in('ready').length + this.#threads.in('starting').length);
    void thread.gone.then(() => {
      this.#threads.delete(thread);
      this.#delays.giveBack(delays);
      this.#reconcile();
    });
  }

  /** Unless one has come up just now. */
  #giveUp(error: ManagedRuntimeError): void {
    if (this.#threads.in('ready').length > 0) this.#backoff.succeeded();
    else this.#pool.onUnrecoverable(error);
  }

  /** The replacement comes up first. */
  #recycle(thread: PoolThread): void {
    if (thread.state === 'ready' && this.#recycling.begin(thread)) this.#reconcile();
  }

  #outdated(): PoolThread[] {
    return this.#threads.in('ready').filter((thread) => this.#reloading.isOutdated(thread));
  }
}
