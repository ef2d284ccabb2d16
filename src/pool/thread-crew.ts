import type { Config } from '../config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type {
  BackgroundFailedMessage,
  EscapedMessage,
  LoadedHandler,
  LogSettings,
  ReplyMessage,
  SharedState,
  StreamMessage,
} from '../protocol.ts';
import { THREAD_SCHEDULE, delayAfter } from '../retry-schedule.ts';
import type { Log } from '../logging/log.ts';
import { HeapGuard } from './heap-guard.ts';
import { InitFailure, initTimeout } from './init-failure.ts';
import { invokerSettings } from './invoker-settings.ts';
import { MemoryGuard } from './memory-guard.ts';
import { PoolThread } from './pool-thread.ts';
import type { ThreadListener } from './pool-thread.ts';
import { Recycling } from './recycling.ts';
import { describeThreadEnd } from './thread-end.ts';
import type { ThreadEnd } from './thread-end.ts';

/** What the crew tells the pool. */
export interface CrewListener {
  /** A thread takes invocations from now on. */
  onJoined(): void;
  /** A thread takes no more invocations; those that it holds go on if it is retiring. */
  onLeft(): void;
  onReply(thread: PoolThread, reply: ReplyMessage): void;
  onStream(thread: PoolThread, message: StreamMessage): void;
  onSettled(thread: PoolThread, run: number): void;
  onBackgroundFailed(thread: PoolThread, message: BackgroundFailedMessage): void;
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
  readonly #memory: MemoryGuard;
  readonly #recycling: Recycling;
  readonly #heaps: HeapGuard;
  readonly #started = Promise.withResolvers<LoadedHandler>();
  #share: () => SharedState = () => ({ services: undefined, data: undefined });
  #wanted: number;
  /** The most threads that there were at once: replacing one of them needs no new memory. */
  #most = 0;
  #ids = 0;
  #served = false;
  #stopping = false;
  #bootFailures = 0;
  #retry: NodeJS.Timeout | undefined;
  #hopeless: NodeJS.Timeout | undefined;

  constructor(config: Config, log: Log, handlers: LogSettings, pool: CrewListener) {
    this.#config = config;
    this.#log = log;
    this.#handlers = handlers;
    this.#pool = pool;
    this.#wanted = config.threads;
    this.#memory = new MemoryGuard(config.memoryMiB);
    this.#recycling = new Recycling(config.maxInvocationsPerThread);
    this.#heaps = new HeapGuard(
      config,
      () => this.all(),
      (thread) => void thread.terminate({ cause: 'out-of-memory' }),
    );
  }

  /** Resolves when the first thread is ready; rejects with an InitFailure when it cannot be. */
  start(share: () => SharedState): Promise<LoadedHandler> {
    this.#share = share;
    if (!this.#stopping) this.#heaps.start();
    this.#reconcile();
    return this.#started.promise;
  }

  all(): PoolThread[] {
    return [...this.ready, ...this.#retiring.keys(), ...this.#starting.keys()];
  }

  /** Takes the thread out of service; it ends when it holds no invocation any more. */
  retire(thread: PoolThread, end: ThreadEnd): void {
    if (!this.#leave(thread)) return;
    this.#retiring.set(thread, end);
    this.afterRun(thread);
    this.#reconcile();
  }

  /** To be called when a run has left the thread. */
  afterRun(thread: PoolThread): void {
    const end = this.#retiring.get(thread);
    if (end !== undefined && thread.runs.size === 0) void thread.terminate(end);
    else if (end === undefined && this.#recycling.isDue(thread)) this.#recycle(thread);
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#hopeless);
    this.#heaps.stop();
    const serving = [...this.ready, ...this.#retiring.keys()];
    await Promise.all(serving.map((thread) => thread.sayGoodbye(timeoutMs)));
    await Promise.all(this.all().map((thread) => thread.terminate({ cause: 'stopped' })));
  }

  onReady(thread: PoolThread, handler: LoadedHandler): void {
    if (!this.#arrived(thread)) return;
    this.#bootFailures = 0;
    this.#served = true;
    clearTimeout(this.#hopeless);
    this.#hopeless = undefined;
    this.ready.add(thread);
    this.#pool.onJoined();
    this.#started.resolve(handler);
    const outgoing = this.#recycling.replaced();
    if (outgoing !== undefined) this.retire(outgoing, { cause: 'recycled' });
    this.#reconcile();
  }

  onBootFailed(thread: PoolThread, reason: EncodedDiagnostic): void {
    if (!this.#arrived(thread)) return;
    void thread.terminate({ cause: 'stopped' });
    if (this.#stopping) return;
    if (!this.#served) {
      this.#stopping = true;
      this.#started.reject(new InitFailure(reason));
      return;
    }
    this.#bootFailures += 1;
    const delayMs = delayAfter(this.#bootFailures, THREAD_SCHEDULE) ?? 0;
    this.#log.error(
      {
        thread: thread.id,
        failures: this.#bootFailures,
        delayMs: Math.round(delayMs),
        diagnostic: reason.body,
      },
      'A thread did not come up, will retry',
    );
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#reconcile();
    }, delayMs);
  }

  onReply(thread: PoolThread, reply: ReplyMessage): void {
    this.#pool.onReply(thread, reply);
  }

  onStream(thread: PoolThread, message: StreamMessage): void {
    this.#pool.onStream(thread, message);
  }

  onSettled(thread: PoolThread, run: number): void {
    this.#pool.onSettled(thread, run);
  }

  onBackgroundFailed(thread: PoolThread, message: BackgroundFailedMessage): void {
    this.#pool.onBackgroundFailed(thread, message);
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
    this.#leave(thread);
    this.#recycling.forget(thread);
    this.#pool.onEnd(thread, end);
    if (this.#stopping) return;
    if (!planned)
      this.#log.error({ thread: thread.id, ...reasonFor(end) }, 'A thread was lost and is replaced');
    this.#reconcile();
  }

  #reconcile(): void {
    if (this.#retry !== undefined) return;
    while (!this.#stopping && this.#isShort() && this.#starting.size < this.#config.cpus && this.#fits())
      this.#boot();
  }

  #isShort(): boolean {
    return this.ready.size + this.#starting.size < this.#wanted + this.#recycling.extra;
  }

  #fits(): boolean {
    const { size } = this.ready;
    if (size + this.#starting.size < this.#most) return true;
    const verdict = this.#memory.verdict(size, this.#starting.size);
    if (verdict === 'full') this.#doWithout(size);
    return verdict === 'fits';
  }

  /** No memory for one more: a thread that is to be replaced goes first, else the crew stays as small as it is. */
  #doWithout(threads: number): void {
    const outgoing = this.#recycling.replaced();
    if (outgoing === undefined) this.#settleFor(threads);
    else this.retire(outgoing, { cause: 'recycled' });
  }

  #settleFor(threads: number): void {
    const costMiB = Math.ceil(this.#memory.costMiB(threads));
    const { memoryMiB, threads: asked } = this.#config;
    this.#log.warn(
      { threads, asked, costMiB, memoryMiB },
      `Only ${threads} of ${asked} threads run: each costs ${costMiB} MiB, and one more would not fit into 80 % of ` +
        `${memoryMiB} MiB. Set PerExecutionEnvironmentMaxConcurrency to ${threads * this.#config.invocationsPerThread}` +
        ', or give the function more memory.',
    );
    this.#wanted = threads;
  }

  #boot(): void {
    this.#ids += 1;
    const { resourceLimits, initTimeoutMs } = this.#config;
    const handlers = { ...this.#handlers, writer: this.#ids };
    const settings = { ...invokerSettings(this.#config, handlers), shared: this.#share() };
    const thread = new PoolThread(this.#ids, settings, resourceLimits, this);
    const timer = setTimeout(() => this.onBootFailed(thread, initTimeout(initTimeoutMs)), initTimeoutMs);
    this.#starting.set(thread, timer);
    this.#most = Math.max(this.#most, this.ready.size + this.#starting.size);
  }

  #arrived(thread: PoolThread): boolean {
    clearTimeout(this.#starting.get(thread));
    return this.#starting.delete(thread);
  }

  #leave(thread: PoolThread): boolean {
    if (!this.ready.delete(thread)) return false;
    this.#pool.onLeft();
    if (this.ready.size === 0 && !this.#stopping) this.#hopeless ??= this.#giveUpLater();
    return true;
  }

  #giveUpLater(): NodeJS.Timeout {
    const { threadRecoveryTimeoutMs: timeoutMs } = this.#config;
    return setTimeout(() => {
      const message = `No worker thread could be brought up for ${timeoutMs} ms. See the log for what their starts met.`;
      this.#pool.onHopeless(new ManagedRuntimeError('NO_THREADS', message));
    }, timeoutMs);
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
