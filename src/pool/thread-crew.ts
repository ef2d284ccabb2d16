import type { Config } from '../config.ts';
import type { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { ThreadsObserver } from '../observing/observer.ts';
import type { ThreadFigures } from '../observing/thread-figures.ts';
import type { EscapedMessage, LoadedHandler } from '../protocol.ts';
import type { LogSettings, SharedState } from '../thread-settings.ts';
import type { Log, LogSink } from '../logging/log.ts';
import { CrewSize } from './crew-size.ts';
import { HeapGuard } from './heap-guard.ts';
import { InitFailure, initTimeout } from './init-failure.ts';
import { PoolThread } from './pool-thread.ts';
import { PROBATION_MS, Recovery } from './recovery.ts';
import { Recycling } from './recycling.ts';
import { Reloading } from './reloading.ts';
import { describeThreadEnd, replacementCause } from './thread-end.ts';
import type { ThreadEnd } from './thread-end.ts';
import type { RunListener, ThreadListener } from './thread-listener.ts';
import { DelayHistograms, threadStart } from './thread-start.ts';

/** What the crew and its threads tell the pool. */
export interface CrewListener extends RunListener {
  /** A thread takes invocations from now on. */
  onJoined(): void;
  /** A thread takes no more invocations; those that it holds go on if it is retiring. */
  onLeft(): void;
  onEscaped(thread: PoolThread, message: EscapedMessage): void;
  /** The thread is gone, and with it what it held. */
  onEnd(thread: PoolThread, end: ThreadEnd): void;
  /** No thread could be brought up for too long. */
  onHopeless(error: ManagedRuntimeError): void;
}

/** Keeps the wanted number of threads up: starts, replaces, recycles and ends them. */
export class ThreadCrew implements ThreadListener {
  readonly ready = new Set<PoolThread>();
  readonly #starting = new Map<PoolThread, NodeJS.Timeout>();
  readonly #retiring = new Map<PoolThread, ThreadEnd>();
  readonly #config: Config;
  readonly #log: Log;
  readonly #handlers: LogSettings;
  readonly #pool: CrewListener;
  readonly #observer: ThreadsObserver;
  readonly #size: CrewSize;
  readonly #recovery: Recovery;
  readonly #recycling: Recycling;
  readonly #reloading = new Reloading();
  readonly #heaps: HeapGuard;
  readonly #delays = new DelayHistograms();
  readonly #started = Promise.withResolvers<LoadedHandler>();
  #share: () => SharedState = () => ({ services: undefined, data: undefined });
  #ids = 0;
  #served = false;
  #stopping = false;

  constructor(config: Config, { log, handlers }: LogSink, observer: ThreadsObserver, pool: CrewListener) {
    this.#config = config;
    this.#log = log;
    this.#handlers = handlers;
    this.#observer = observer;
    this.#pool = pool;
    this.#size = new CrewSize(config, log);
    this.#recovery = new Recovery(config.threadRecoveryTimeoutMs, log, {
      tryAgain: () => this.#reconcile(),
      giveUp: (error) => this.#giveUp(error),
    });
    this.#recycling = new Recycling(config.maxInvocationsPerThread);
    this.#heaps = new HeapGuard(
      config,
      log,
      () => this.all(),
      (thread, diagnostic) => thread.terminate({ cause: 'out-of-memory', diagnostic }),
    );
  }

  /** Resolves when the first thread is ready; rejects with an InitFailure when it cannot be. */
  start(share: () => SharedState, mainThreadLoaded: Promise<unknown>): Promise<LoadedHandler> {
    this.#share = share;
    if (!this.#stopping) this.#heaps.start();
    this.#reconcile();
    const takeAllCores = () => {
      this.#size.takeAllCores();
      this.#reconcile();
    };
    mainThreadLoaded.then(takeAllCores, takeAllCores);
    return this.#started.promise;
  }

  all(): PoolThread[] {
    return [...this.ready, ...this.#retiring.keys(), ...this.#starting.keys()];
  }

  figures(): ThreadFigures[] {
    return [
      ...[...this.ready].map((thread) => thread.figures(thread.runs.size > 0 ? 'busy' : 'idle')),
      ...[...this.#retiring.keys()].map((thread) => thread.figures('retiring')),
      ...[...this.#starting.keys()].map((thread) => thread.figures('starting')),
    ];
  }

  /** Takes the thread out of service; it ends when it holds no invocation any more. */
  retire(thread: PoolThread, end: ThreadEnd): void {
    // A hook that fails must not keep the thread's other hooks from running.
    if (this.#stopping) return;
    if (!this.#leave(thread, end)) return;
    this.#retiring.set(thread, end);
    this.#endIfIdle(thread, end);
    this.#reconcile();
  }

  /** Replaces all threads by ones that load the code anew, as `Development.onServing` says. */
  reload(): Promise<void> {
    const reloaded = this.#reloading.begin(this.#ids + 1);
    for (const thread of this.#starting.keys()) {
      this.#arrived(thread);
      thread.life.ended('recycled', undefined);
      void thread.terminate({ cause: 'stopped' });
    }
    this.#recovery.stopWaiting();
    this.#reconcile();
    return reloaded;
  }

  /** To be called when a run has left the thread. */
  afterRun(thread: PoolThread): void {
    if (this.#recovery.isUnderWay) this.#recovery.succeeded();
    const end = this.#retiring.get(thread);
    if (end !== undefined) this.#endIfIdle(thread, end);
    else if (this.#recycling.isDue(thread)) this.#recycle(thread);
  }

  /** Runs the shutdown hooks of all threads. No thread is replaced from now on. */
  async runHooks(withinMs: number): Promise<void> {
    this.#beginStop();
    const serving = [...this.ready, ...this.#retiring.keys()];
    await Promise.all(serving.map((thread) => thread.sayGoodbye(withinMs)));
  }

  /** Ends all threads, whatever they do. */
  async stop(): Promise<void> {
    this.#beginStop();
    await Promise.all(this.all().map((thread) => thread.terminate({ cause: 'stopped' })));
  }

  onReady(thread: PoolThread, handler: LoadedHandler): void {
    if (!this.#arrived(thread)) return;
    thread.life.ready();
    this.#served = true;
    this.ready.add(thread);
    if (this.#recovery.isUnderWay) setTimeout(() => this.#prove(thread), PROBATION_MS).unref();
    this.#pool.onJoined();
    this.#started.resolve(handler);
    const outgoing = this.#recycling.replaced();
    if (outgoing !== undefined) this.retire(outgoing, { cause: 'recycled' });
    this.#reloading.succeed();
    for (const each of this.#outdated()) this.retire(each, { cause: 'recycled' });
    this.#reconcile();
  }

  onBootFailed(thread: PoolThread, reason: EncodedDiagnostic): void {
    if (!this.#arrived(thread)) return;
    thread.life.ended(this.#stopping ? undefined : 'bootFailed', reason);
    void thread.terminate({ cause: 'stopped' });
    if (this.#stopping) return;
    if (!this.#served) {
      this.#stopping = true;
      this.#started.reject(new InitFailure(reason));
      return;
    }
    if (this.#reloading.fail(reason)) return;
    this.#recovery.failed(thread.id, { diagnostic: reason.body }, 'A thread did not come up');
  }

  onEscaped(thread: PoolThread, message: EscapedMessage): void {
    if (this.#starting.has(thread)) this.onBootFailed(thread, message.diagnostic);
    else this.#pool.onEscaped(thread, message);
  }

  onHeavy(thread: PoolThread): void {
    this.#recycle(thread);
  }

  onEnd(thread: PoolThread, end: ThreadEnd): void {
    if (this.#starting.has(thread)) return this.onBootFailed(thread, describeThreadEnd(end, undefined));
    const planned = this.#retiring.delete(thread);
    this.#leave(thread, end);
    const cause = this.#stopping ? undefined : replacementCause(end);
    thread.life.ended(cause, describeThreadEnd(end, undefined));
    this.#pool.onEnd(thread, end);
    if (this.#stopping) return;
    // One that was stopped had not come up.
    if (!planned && end.cause !== 'stopped')
      this.#log.error({ thread: thread.id, ...reasonFor(end) }, 'A thread was lost and is replaced');
    this.#reconcile();
  }

  onGone(thread: PoolThread): void {
    this.#delays.giveBack(thread.eventLoopDelay);
  }

  #beginStop(): void {
    this.#stopping = true;
    this.#recovery.stop();
    this.#heaps.stop();
  }

  #reconcile(): void {
    const { ready } = this;
    while (!this.#stopping && !this.#recovery.waits) {
      const extra = this.#recycling.extra + this.#reloading.extra;
      const verdict = this.#size.verdict(ready.size, this.#starting.size, extra);
      if (verdict === 'full') return this.#doWithout();
      if (verdict === 'wait') return;
      this.#boot();
    }
  }

  #outdated(): PoolThread[] {
    return [...this.ready].filter((thread) => this.#reloading.isOutdated(thread));
  }

  /** No memory for one more: a thread that is to be replaced goes first, else the crew stays as small as it is. */
  #doWithout(): void {
    const outgoing = this.#recycling.replaced() ?? this.#outdated()[0];
    if (outgoing === undefined) this.#size.settleFor(this.ready.size);
    else this.retire(outgoing, { cause: 'recycled' });
  }

  #boot(): void {
    this.#ids += 1;
    const { initTimeoutMs } = this.#config;
    const life = this.#observer.starts(this.#ids);
    const delays = this.#delays.take();
    const start = threadStart(this.#ids, life, this.#config, this.#handlers, this.#share(), delays);
    const thread = new PoolThread(start, this, this.#pool);
    const timer = setTimeout(() => this.onBootFailed(thread, initTimeout(initTimeoutMs)), initTimeoutMs);
    this.#starting.set(thread, timer);
    this.#size.reached(this.ready.size + this.#starting.size);
  }

  #arrived(thread: PoolThread): boolean {
    clearTimeout(this.#starting.get(thread));
    return this.#starting.delete(thread);
  }

  #leave(thread: PoolThread, end: ThreadEnd): boolean {
    if (!this.ready.delete(thread)) return false;
    this.#recycling.forget(thread);
    this.#pool.onLeft();
    if (this.#stopping) return true;
    if (thread.started > 0) this.#recovery.succeeded();
    // One that ended before it was given anything: the next one would do the same, at once.
    else if (end.cause !== 'recycled' && thread.ageMs < PROBATION_MS)
      this.#recovery.failed(thread.id, reasonFor(end), 'A thread was lost as soon as it was there');
    if (this.ready.size === 0) this.#recovery.lostAll();
    return true;
  }

  /** Unless one has come up just now. */
  #giveUp(error: ManagedRuntimeError): void {
    if (this.ready.size > 0) this.#recovery.succeeded();
    else this.#pool.onHopeless(error);
  }

  #prove(thread: PoolThread): void {
    if (this.ready.has(thread)) this.#recovery.succeeded();
  }

  /** One that is sound may close what it holds; what state another's code is in nobody knows. */
  #endIfIdle(thread: PoolThread, end: ThreadEnd): void {
    if (thread.runs.size > 0) return;
    if (end.cause !== 'recycled') return void thread.terminate(end);
    void thread.sayGoodbye(this.#config.shutdownTimeoutMs).then(() => thread.terminate(end));
  }

  /** The replacement comes up first. */
  #recycle(thread: PoolThread): void {
    if (this.ready.has(thread) && this.#recycling.begin(thread)) this.#reconcile();
  }
}

function reasonFor(end: ThreadEnd): object {
  const { errorType, body } = describeThreadEnd(end, undefined);
  return { cause: end.cause, errorType, diagnostic: body };
}
