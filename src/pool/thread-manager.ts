import { Promise, setTimeout } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { ThreadEndCause, ThreadsObserver } from '../observability/observer.ts';
import type { HandlerMessage, LoadedHandler, ServingMessage } from '../protocol.ts';
import type { LogSettings, SharedState } from '../thread-settings.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { watchUntilEnd } from './ending-watch.ts';
import { HeapGuard } from './heap-guard.ts';
import { InitFailure } from './init-failure.ts';
import { describeThreadEnd, logThreadLost, replacementCause, summaryOfEnd } from './thread-end.ts';
import { Recycling, Reloading, PROBATION_MS, RestartBackoff } from './thread-replacement.ts';
import type { StartFailure } from './thread-replacement.ts';
import { PoolThread } from './pool-thread.ts';
import type { ThreadListener } from './pool-thread.ts';
import { PoolSizing } from './pool-sizing.ts';
import { replaceProcessOnExit } from './process-exit.ts';
import type { ThreadEndReason } from './thread-end.ts';
import { DelayHistograms, threadStart } from './thread-start.ts';
import { ThreadSet } from './thread-set.ts';
import type { ThreadState } from './thread-state.ts';

/** Events of the threads that the manager passes on to the pool. */
export interface ThreadManagerListener extends Omit<ThreadListener, 'onMessage'> {
  onMessage(thread: PoolThread, message: HandlerMessage): void;
}

/** The pool's view of the threads. */
export type Threads = Pick<ThreadSet, 'leastLoaded' | 'metrics' | 'running'>;

/** Keeps the configured number of threads running: starts, replaces, recycles and ends them. */
export class ThreadManager implements ThreadListener {
  readonly #threads = new ThreadSet();
  readonly #config: Config;
  readonly #log: Log;
  readonly #logSettings: LogSettings;
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
  #removeExitListener: () => void = () => undefined;
  #ids = 0;
  #initSucceeded = false;
  /** Whether threads are no longer started, because the pool stops or init has failed. */
  #closed = false;
  /** Start failures during init, until a thread is ready or all have failed. While there are any, no further thread starts. */
  #initFailures: StartFailure[] = [];
  /** Whether the next thread cannot start because leaving threads still occupy memory. */
  #lacksMemory = false;

  /** @param onUnrecoverable called when no thread could be started within `threadRecoveryTimeoutMs`. */
  constructor(
    config: Config,
    { log, handlers }: LogSink,
    observer: ThreadsObserver,
    pool: ThreadManagerListener,
    onUnrecoverable: (error: ManagedRuntimeError) => void,
  ) {
    this.#config = config;
    this.#log = log;
    this.#logSettings = handlers;
    this.#observer = observer;
    this.#pool = pool;
    this.#sizing = new PoolSizing(config, log);
    this.#backoff = new RestartBackoff(config.threadRecoveryTimeoutMs, log, {
      tryAgain: () => this.#reconcile(),
      // Not if a thread has just become ready, or while a retired thread answers whose memory the next one needs.
      giveUp: (error) =>
        this.#threads.in('ready').length > 0 || (this.#lacksMemory && this.#threads.answersInRetirement)
          ? this.#backoff.startGiveUpTimer()
          : onUnrecoverable(error),
    });
    this.#recycling = new Recycling(config.maxInvocationsPerThread);
    this.#heaps = new HeapGuard(config, log, this.#threads);
  }

  /** Resolves when the first thread is ready; rejects with an `InitFailure` when every started thread has failed. */
  start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler> {
    this.#share = share;
    if (!this.#closed) {
      this.#heaps.start();
      this.#removeExitListener = replaceProcessOnExit(() => this.#threads.size > 0);
    }
    this.#reconcile();
    const useAllCores = () => {
      this.#sizing.useAllCores();
      this.#reconcile();
    };
    mainThreadLoaded.then(useAllCores, useAllCores);
    return this.#started.promise;
  }

  get threads(): Threads {
    return this.#threads;
  }

  /** Takes the thread out of service; it ends once it holds no invocation. */
  retire(thread: PoolThread, endReason: ThreadEndReason): void {
    // During shutdown, a failing hook must not keep the thread's other hooks from running.
    if (!this.#closed) thread.retire(endReason);
  }

  /** Retires the thread and watches it, because the handler that missed its deadline may block it. */
  retireAtDeadline(thread: PoolThread, requestId: string, blockedIn: string | undefined): void {
    this.retire(thread, { kind: 'deadline', requestId, blockedIn });
    this.#watch(thread);
  }

  /** Replaces all threads with threads that load the current code; see `DevHooks.onServing`. */
  reload(): Promise<void> {
    const reloaded = this.#reloading.begin(this.#ids + 1);
    this.#initFailures = [];
    for (const thread of this.#threads.in('starting')) thread.endNow({ kind: 'recycled' });
    this.#backoff.stopWaiting();
    this.#reconcile();
    return reloaded;
  }

  /** Must be called when an invocation has left the thread. */
  afterInvocation(thread: PoolThread): void {
    // A retired thread neither shows that threads can start nor ends the time without a ready thread.
    if (thread.state !== 'ready') return;
    this.#backoff.succeeded(thread.id);
    if (this.#recycling.isDue(thread)) this.#recycle(thread);
  }

  /** Runs the shutdown hooks of all threads that have not failed. Threads are no longer replaced. */
  async runHooks(withinMs: number): Promise<void> {
    this.#beginStop();
    await Promise.all([...this.#threads].map((thread) => thread.runShutdownHooks(withinMs)));
  }

  /** Ends all threads; resolves when they have exited. The threads no longer keep the process alive. */
  async stop(): Promise<void> {
    this.#beginStop();
    const threads = [...this.#threads];
    for (const thread of threads) {
      thread.endNow({ kind: 'stopped' });
      thread.unref();
    }
    await Promise.all(threads.map(({ exited }) => exited));
    this.#removeExitListener();
  }

  onOutOfService(thread: PoolThread): void {
    this.#pool.onOutOfService(thread);
  }

  onStateChange(thread: PoolThread, from: ThreadState): void {
    if (thread.state === 'ready') this.#onReady(thread);
    else this.#onNotReady(thread, from);
    this.#pool.onStateChange(thread, from);
    // The pool adds the capacity of the new thread before it withdraws the capacity of the threads that are replaced.
    if (thread.state === 'ready') this.#retireReplaced();
    this.#reconcile();
  }

  onMessage(thread: PoolThread, message: ServingMessage): void {
    if (message.type === 'heap-threshold-exceeded') this.#recycle(thread);
    else this.#pool.onMessage(thread, message);
  }

  #beginStop(): void {
    this.#closed = true;
    this.#backoff.stop();
    this.#heaps.stop();
  }

  #onReady(thread: PoolThread): void {
    thread.observer.ready();
    this.#initSucceeded = true;
    const endProbation = () => thread.state === 'ready' && this.#backoff.succeeded(thread.id);
    setTimeout(endProbation, PROBATION_MS).unref();
    this.#started.resolve(thread.handler as LoadedHandler);
    for (const failure of this.#initFailures.splice(0)) this.#backoff.startFailed(failure);
  }

  #retireReplaced(): void {
    this.#recycling.takeOutgoing()?.retire({ kind: 'recycled' });
    this.#reloading.succeed();
    for (const outdated of this.#outdated()) outdated.retire({ kind: 'recycled' });
  }

  /** The thread has entered another state than `ready`. */
  #onNotReady(thread: PoolThread, from: ThreadState): void {
    if (from === 'ready') this.#onNoLongerReady(thread);
    if (from === 'starting') this.#onStartFailed(thread);
    else if (thread.state === 'ended') this.#onEnded(thread, from);
    if (thread.state === 'ending') this.#watch(thread);
  }

  #onNoLongerReady(thread: PoolThread): void {
    const endReason = thread.endReason as ThreadEndReason;
    thread.observer.retired(this.#causeOf(endReason), describeThreadEnd(endReason));
    this.#recycling.forget(thread);
    if (this.#closed) return;
    if (thread.started > 0) this.#backoff.succeeded(thread.id);
    // A thread that fails before its first invocation counts as a failed start: its replacement would fail in the same way.
    else if (endReason.kind !== 'recycled' && thread.ageMs < PROBATION_MS)
      this.#backoff.failed(thread.id, summaryOfEnd(endReason), 'A thread was lost right after its start');
    if (this.#threads.in('ready').length === 0) this.#backoff.startGiveUpTimer();
  }

  #onStartFailed(thread: PoolThread): void {
    const endReason = thread.endReason as ThreadEndReason;
    const isIntended = endReason.kind === 'stopped' || endReason.kind === 'recycled';
    const diagnostic = describeThreadEnd(endReason);
    if (this.#closed || isIntended) return thread.observer.ended(this.#causeOf(endReason), diagnostic);
    thread.observer.ended('startFailed', diagnostic);
    const failure = { thread: thread.id, diagnostic };
    if (!this.#initSucceeded) this.#decideInit(failure);
    else if (!this.#reloading.fail(diagnostic)) this.#backoff.startFailed(failure);
  }

  /** Init fails only if every thread fails: a module that loads in at least one thread is served. */
  #decideInit(failure: StartFailure): void {
    this.#initFailures.push(failure);
    if (this.#threads.in('starting').length > 0) return;
    this.#closed = true;
    this.#started.reject(new InitFailure((this.#initFailures[0] ?? failure).diagnostic));
  }

  #onEnded(thread: PoolThread, from: ThreadState): void {
    const endReason = thread.endReason as ThreadEndReason;
    thread.observer.ended(this.#causeOf(endReason), describeThreadEnd(endReason));
    if (!this.#closed && from === 'ready') logThreadLost(this.#log, thread.id, endReason);
  }

  #causeOf(endReason: ThreadEndReason): ThreadEndCause | undefined {
    return this.#closed ? undefined : replacementCause(endReason);
  }

  #watch(thread: PoolThread): void {
    void watchUntilEnd(thread, () => this.#isMemoryNeeded(thread), this.#log);
  }

  /** True for one thread at a time, because a terminated thread frees its memory only when it has exited. */
  #isMemoryNeeded(thread: PoolThread): boolean {
    return (
      this.#lacksMemory && this.#threads.in('ended').length === 0 && this.#threads.in('ending')[0] === thread
    );
  }

  /** Starts threads until there are as many as planned. Called after each change of a thread and when a retry is due. */
  #reconcile(): void {
    while (!this.#closed && !this.#backoff.isWaiting && this.#initFailures.length === 0) {
      const ready = this.#threads.in('ready').length;
      const starting = this.#threads.in('starting').length;
      const extra = this.#recycling.extra + this.#reloading.extra;
      const step = this.#sizing.nextStep(ready, starting, this.#threads.size - ready - starting, extra);
      this.#lacksMemory = step === 'full';
      if (step === 'full') return this.#onMemoryFull(ready);
      if (step === 'wait') return;
      this.#startThread();
    }
  }

  /**
   * Frees memory for the next thread, one thread at a time: a thread that is to be replaced is retired before its replacement
   * starts. If no thread is leaving or to be replaced, the pool keeps its size.
   */
  #onMemoryFull(ready: number): void {
    if (this.#threads.size > ready) return;
    const outgoing = this.#recycling.takeOutgoing() ?? this.#outdated()[0];
    if (outgoing === undefined) this.#sizing.limitTo(ready);
    else outgoing.retire({ kind: 'recycled' });
  }

  #startThread(): void {
    this.#ids += 1;
    this.#backoff.starts(this.#ids);
    const observer = this.#observer.starts(this.#ids);
    const delays = this.#delays.take();
    const start = threadStart(this.#ids, observer, this.#config, this.#logSettings, this.#share(), delays);
    const thread = new PoolThread(start, this);
    this.#threads.add(thread);
    this.#sizing.recordCount(this.#threads.in('ready').length + this.#threads.in('starting').length);
    void thread.exited.then(() => {
      this.#threads.delete(thread);
      this.#delays.return(delays);
      this.#reconcile();
    });
  }

  /** Starts the replacement first; the thread is retired when the replacement is ready. */
  #recycle(thread: PoolThread): void {
    if (thread.state === 'ready' && this.#recycling.begin(thread)) this.#reconcile();
  }

  #outdated(): PoolThread[] {
    return this.#threads.in('ready').filter((thread) => this.#reloading.isOutdated(thread));
  }
}
