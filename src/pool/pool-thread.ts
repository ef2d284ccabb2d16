import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { RecordableHistogram } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import { clearTimeout, Promise, setTimeout } from '../builtins.ts';
import { monotonicMs } from '../invocation/time.ts';
import { InFlight } from '../invocation/invocation.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { ThreadObserver } from '../observability/observer.ts';
import type { ThreadMetrics } from '../observability/thread-metrics.ts';
import { releaseLocks } from '../output/output-lock.ts';
import type { FromThread, LoadedHandler, StreamControl, ServingMessage, ToThread } from '../protocol.ts';
import type { ThreadSettings } from '../thread-settings.ts';
import { EventLoopProbe } from './event-loop-probe.ts';
import { initTimeout } from './init-failure.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { PendingInvocation } from './pending-invocation.ts';
import type { ProfiledThread, ThreadProfiler, ThreadWatcher } from './profiled-thread.ts';
import { PiscinaWorker } from './piscina-worker.ts';
import { moreSpecificReason } from './thread-end.ts';
import type { ThreadEndReason } from './thread-end.ts';
import type { ThreadStart } from './thread-start.ts';
import { assertTransition } from './thread-state.ts';
import type { ThreadState } from './thread-state.ts';
import { v8Limits } from './v8-limits.ts';
import { settlesWithin } from '../waiting.ts';

export interface ThreadListener {
  /** Called once, when a ready thread takes no more invocations. Precedes the last messages of a thread that has ended. */
  onOutOfService(thread: PoolThread): void;
  /** Called once after each state change. The change to `ended` follows the last message. */
  onStateChange(thread: PoolThread, from: ThreadState): void;
  onMessage(thread: PoolThread, message: ServingMessage): void;
}

/** One worker thread and the owner of its state. piscina only starts and ends it; all messages use this class's own port. */
export class PoolThread implements ProfiledThread {
  readonly id: number;
  readonly observer: ThreadObserver;
  /** The delay of the thread's event loop in ns, recorded by the thread. */
  readonly eventLoopDelay: RecordableHistogram;
  readonly eventLoop = new EventLoopProbe((ping) => this.send(ping));
  readonly invocations = new InFlight<PendingInvocation>();
  readonly watchers = new Set<ThreadWatcher>();
  /** The number of invocations started on this thread, including finished ones. */
  started = 0;
  /** Resolves when the thread has exited. Native code can delay the exit until after the state is `ended`. */
  readonly exited: Promise<void>;
  #state: ThreadState = 'starting';
  #endReason: ThreadEndReason | undefined;
  #handler: LoadedHandler | undefined;
  #readyMs = 0;
  readonly #recycleHooksMs: number;
  readonly #listener: ThreadListener;
  readonly #worker: PiscinaWorker;
  readonly #port: MessagePort;
  readonly #initTimer: NodeJS.Timeout;
  #osThread: number | undefined;
  #hooks: Promise<void> | undefined;
  #onShutdownComplete: (() => void) | undefined;

  constructor(start: ThreadStart, listener: ThreadListener) {
    const { id, entry, observer, settings, resourceLimits, initTimeoutMs } = start;
    this.id = id;
    this.observer = observer;
    this.eventLoopDelay = settings.eventLoopDelay;
    this.#recycleHooksMs = start.shutdownTimeoutMs;
    this.#listener = listener;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromThread) => this.#receive(message));
    const { services } = settings.shared;
    this.#worker = new PiscinaWorker(
      {
        entry,
        settings: { ...settings, port: port2 } satisfies ThreadSettings,
        transfer: services === undefined ? [port2] : [port2, services],
        resourceLimits: v8Limits(resourceLimits),
      },
      (endReason) => this.#finish(endReason),
    );
    this.#initTimer = setTimeout(() => this.#startFailed(initTimeout(initTimeoutMs)), initTimeoutMs);
    this.exited = this.#worker.exited.then(() => releaseLocks(settings.log.locks, id));
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** Why the thread was retired or has ended; undefined while it is starting or ready. */
  get endReason(): ThreadEndReason | undefined {
    return this.#endReason;
  }

  get profiler(): ThreadProfiler {
    return this.#worker;
  }

  get handler(): LoadedHandler | undefined {
    return this.#handler;
  }

  /** The operating system's thread id, once the thread is ready and if the system provides one. */
  get osThread(): number | undefined {
    return this.#osThread;
  }

  get isIdle(): boolean {
    return this.#state === 'ready' && this.invocations.size === 0;
  }

  /** Whether the thread's shutdown hooks are running. */
  get isRunningHooks(): boolean {
    return this.#onShutdownComplete !== undefined;
  }

  /** Time since the thread became ready, in ms. */
  get ageMs(): number {
    return monotonicMs() - this.#readyMs;
  }

  run(invocation: PendingInvocation): void {
    if (this.#state !== 'ready') throw new Error(`A thread that is ${this.#state} cannot run an invocation.`);
    const { id: invocationId, invocation: received, record } = invocation;
    const { metadata, event } = received;
    const { wantsUsage } = record;
    this.invocations.add(invocation);
    record.dispatched(this.id, this.started === 0);
    for (const watcher of this.watchers) watcher.onRun?.(invocation);
    this.started += 1;
    this.send(
      { type: 'invoke', invocationId, metadata, event, wantsUsage },
      typeof event === 'string' ? undefined : [event.buffer],
    );
  }

  /** The invocation with the id, if the thread still holds it. */
  find(id: number): PendingInvocation | undefined {
    return this.invocations.find((invocation) => invocation.id === id);
  }

  /** Removes the invocation from the thread. Returns false if the thread did not hold it. */
  release(invocation: PendingInvocation): boolean {
    if (!this.invocations.delete(invocation)) return false;
    this.#endIfIdle();
    return true;
  }

  /** Takes the thread out of service; it ends once it holds no invocation. The first reason stays, unless it is `recycled`. */
  retire(reason: ThreadEndReason): void {
    if (this.#state === 'retiring' && this.#endReason?.kind === 'recycled') this.#endReason = reason;
    if (this.#state !== 'ready') return;
    this.#endReason = reason;
    this.#become('retiring');
    this.#endIfIdle();
  }

  /** Asks the thread to end now, even if it holds invocations; these are failed for the given reason. */
  endNow(reason: ThreadEndReason): void {
    this.retire(reason);
    if (this.#state !== 'starting' && this.#state !== 'retiring') return;
    this.#endReason = reason;
    this.#beginEnding();
  }

  /** Runs the shutdown hooks once, unless the thread has failed. Resolves at their end or the thread's, or after `withinMs`. */
  runShutdownHooks(withinMs: number): Promise<void> {
    return (this.#hooks ??= this.#runHooks(withinMs));
  }

  /** Terminates the thread immediately, even if its event loop is blocked. */
  terminate(endReason: ThreadEndReason): void {
    this.#worker.terminate();
    this.#finish(endReason);
  }

  /** Stops the thread's port from keeping the process alive. */
  unref(): void {
    this.#port.unref();
  }

  /** Sends flow control to the handler's response stream. */
  control(message: StreamControl): void {
    this.send(message, message.type === 'stream-credit' ? message.buffers : undefined);
  }

  send(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** Measures the thread's memory, even while it blocks its event loop. Undefined if the thread is not running. */
  memory(): Promise<ThreadMemory | undefined> {
    return this.#worker.memory();
  }

  metrics(): ThreadMetrics {
    return {
      id: this.id,
      state: this.#reportedState(),
      inFlight: this.invocations.size,
      received: this.started,
      eventLoop: this.#worker.eventLoopUtilization(),
      eventLoopDelay: { histogram: this.eventLoopDelay, offsetMs: 0 },
      osThread: this.#osThread,
    };
  }

  #reportedState(): ThreadMetrics['state'] {
    if (this.#state === 'starting') return 'starting';
    if (this.#state !== 'ready') return 'retiring';
    return this.isIdle ? 'idle' : 'busy';
  }

  #become(next: ThreadState): void {
    const from = this.#enter(next);
    this.#listener.onStateChange(this, from);
  }

  #enter(next: ThreadState): ThreadState {
    const from = this.#state;
    assertTransition(from, next);
    this.#state = next;
    clearTimeout(this.#initTimer);
    if (from === 'ready') this.#listener.onOutOfService(this);
    if (next === 'ending' || next === 'ended') for (const watcher of this.watchers) watcher.onLeave?.();
    return from;
  }

  #endIfIdle(): void {
    if (this.#state === 'retiring' && this.invocations.size === 0) this.#beginEnding();
  }

  #beginEnding(): void {
    this.#become('ending');
    const end = () => this.send({ type: 'end' });
    if (this.#endReason?.kind === 'recycled') void this.runShutdownHooks(this.#recycleHooksMs).then(end);
    else end();
  }

  async #runHooks(withinMs: number): Promise<void> {
    if (this.#handler === undefined || this.#state === 'ended') return;
    // After a failure, the state of the code is unknown.
    if (this.#endReason !== undefined && this.#endReason.kind !== 'recycled') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onShutdownComplete = resolve;
    this.send({ type: 'shutdown', timeoutMs: withinMs * HOOK_SHARE });
    await settlesWithin(promise, withinMs);
    this.#onShutdownComplete = undefined;
  }

  #startFailed(diagnostic: EncodedDiagnostic): void {
    if (this.#state === 'starting') this.endNow({ kind: 'start-failed', diagnostic });
  }

  #receive(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#osThread = message.osThread;
        this.#handler = message;
        this.#readyMs = monotonicMs();
        return this.#become('ready');
      case 'start-failed':
        return this.#startFailed(message.diagnostic);
      case 'pong':
        return this.eventLoop.answered(message.ping, message.resources);
      case 'shutdown-complete':
        return this.#onShutdownComplete?.();
      case 'uncaught-error':
        if (this.#state !== 'starting') return this.#listener.onMessage(this, message);
        return message.listened ? undefined : this.#startFailed(message.diagnostic);
      default:
        return this.#listener.onMessage(this, message);
    }
  }

  /** Enters `ended` before it reads the last messages, which could otherwise give the thread new work or new capacity. */
  #finish(endReason: ThreadEndReason): void {
    if (this.#state === 'ended') return;
    const from = this.#enter('ended');
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port)) {
      this.#receiveLast(last.message as FromThread, from);
    }
    this.#port.close();
    this.#onShutdownComplete?.();
    this.eventLoop.close();
    this.#endReason = moreSpecificReason(this.#endReason, endReason, from === 'ending');
    this.#listener.onStateChange(this, from);
  }

  #receiveLast(message: FromThread, from: ThreadState): void {
    // The thread may have reported the reason for its end.
    if (message.type === 'start-failed')
      this.#endReason ??= { kind: 'start-failed', diagnostic: message.diagnostic };
    else if (message.type === 'uncaught-error') this.#endReason ??= { kind: 'uncaught-error', message };
    if (from !== 'starting') this.#receive(message);
  }
}

/** The rest of the time covers the messages and the log line about a hook that took too long. */
const HOOK_SHARE = 0.9;
