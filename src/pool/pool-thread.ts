import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { RecordableHistogram } from 'node:perf_hooks';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { InFlight } from '../in-flight.ts';
import type { ThreadObserver } from '../observing/observer.ts';
import type { ThreadFigures } from '../observing/thread-figures.ts';
import { releaseLocks } from '../output/shared-locks.ts';
import type { FromThread, StreamControl, ToThread } from '../protocol.ts';
import type { OutputLocks, ThreadSettings } from '../thread-settings.ts';
import { hardLimits } from './heap-limits.ts';
import type { ThreadMemory } from './memory-pressure.ts';
import type { PendingRun } from './pending-run.ts';
import { endOf } from './thread-end.ts';
import type { ThreadEnd } from './thread-end.ts';
import type { RunListener, ThreadListener } from './thread-listener.ts';
import type { ThreadStart } from './thread-start.ts';

/**
 * One worker thread: a piscina of one thread, whose one run lasts as long as the thread does and carries the
 * invocations over a port of its own. piscina starts the thread and tells how it ended; a message costs what a bare
 * port costs, however many threads there are.
 */
export class PoolThread {
  readonly id: number;
  readonly life: ThreadObserver;
  /** How late its event loop turns, in ns; the thread records it. */
  readonly eventLoopDelay: RecordableHistogram;
  readonly runs = new InFlight<PendingRun>();
  /** Invocations that were started here, finished ones included. */
  started = 0;
  #readyMs = 0;
  readonly #crew: ThreadListener;
  readonly #pool: RunListener;
  readonly #piscina: Piscina;
  readonly #port: MessagePort;
  readonly #locks: OutputLocks;
  #osThread: number | undefined;
  #end: ThreadEnd | undefined;
  #ended = false;
  #pings = 0;
  readonly #pongs = new Map<number, () => void>();
  #onBye: (() => void) | undefined;
  #goodbye: Promise<void> | undefined;
  #gone: Promise<void> | undefined;

  constructor(
    { id, entry, life, settings, resourceLimits }: ThreadStart,
    crew: ThreadListener,
    pool: RunListener,
  ) {
    this.id = id;
    this.life = life;
    this.eventLoopDelay = settings.eventLoopDelay;
    this.#crew = crew;
    this.#pool = pool;
    this.#locks = settings.log.locks;
    this.#piscina = new Piscina({
      filename: entry,
      name: 'serve',
      minThreads: 0,
      maxThreads: 1,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: hardLimits(resourceLimits),
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (message: FromThread) => this.#receive(message));
    // Without these two a thread that dies before the run has begun would never be heard of.
    this.#piscina.on('error', (error) => this.#finish({ cause: 'error', error }));
    this.#piscina.on('workerDestroy', () => setImmediate(() => this.#finish({ cause: 'exit', code: 0 })));
    const given: ThreadSettings = { ...settings, port: port2 };
    const { services } = settings.shared;
    const transferList = services === undefined ? [port2] : [port2, services];
    new Promise((resolve) => resolve(this.#piscina.run(given, { transferList }))).then(
      () => this.#finish({ cause: 'exit', code: 0 }),
      (error: unknown) => this.#finish(endOf(error)),
    );
  }

  run(run: PendingRun): void {
    const { metadata, event } = run.invocation;
    this.runs.add(run);
    run.record.dispatched(this.id, this.started === 0);
    this.started += 1;
    this.send(
      { type: 'invoke', run: run.id, metadata, event, wantsHeap: run.record.wantsHeap },
      typeof event === 'string' ? undefined : [event.buffer],
    );
  }

  /** The run of that id, if it is still here. */
  find(id: number): PendingRun | undefined {
    return this.runs.find((run) => run.id === id);
  }

  /** Tells a stream of its reader. */
  control(message: StreamControl): void {
    this.send(message, message.type === 'stream-credit' ? message.buffers : undefined);
  }

  send(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** Does its event loop turn within that many ms? */
  async responds(withinMs: number): Promise<boolean> {
    this.#pings += 1;
    const ping = this.#pings;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, withinMs, false);
    this.#pongs.set(ping, () => resolve(true));
    this.send({ type: 'ping', ping });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#pongs.delete(ping);
    }
  }

  /** For how long it has been ready. */
  get ageMs(): number {
    return performance.now() - this.#readyMs;
  }

  /** What it holds, also while it spins; undefined if it is not running. */
  async memory(): Promise<ThreadMemory | undefined> {
    try {
      const statistics = await this.#piscina.threads[0]?.getHeapStatistics();
      if (statistics === undefined) return undefined;
      const { used_heap_size: heap, external_memory: external } = statistics;
      return { heapMiB: heap / 1024 / 1024, externalMiB: external / 1024 / 1024 };
    } catch {
      return undefined;
    }
  }

  figures(state: ThreadFigures['state']): ThreadFigures {
    return {
      id: this.id,
      state,
      inFlight: this.runs.size,
      received: this.started,
      eventLoop: this.#piscina.threads[0]?.performance.eventLoopUtilization(),
      eventLoopDelay: { histogram: this.eventLoopDelay, offsetMs: 0 },
      osThread: this.#osThread,
    };
  }

  /** Lets the thread's shutdown hooks run, once; resolves when they have, or after that many ms. */
  sayGoodbye(withinMs: number): Promise<void> {
    return (this.#goodbye ??= this.#sayGoodbye(withinMs));
  }

  async #sayGoodbye(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    this.#onBye = resolve;
    this.send({ type: 'shutdown', timeoutMs: withinMs * HOOK_SHARE });
    await promise;
    clearTimeout(timer);
  }

  /** Takes the thread's life, whatever it is doing. The end that is told is the first one given. */
  async terminate(end: ThreadEnd): Promise<void> {
    this.#end ??= end;
    await this.#destroy();
    this.#finish(end);
  }

  /** Resolves when the thread is gone. piscina forgets it at once: a second call would not wait. */
  #destroy(): Promise<void> {
    return (this.#gone ??= this.#piscina.destroy());
  }

  #receive(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        this.#osThread = message.osThread;
        this.#readyMs = performance.now();
        return this.#crew.onReady(this, message);
      case 'boot-failed':
        return this.#crew.onBootFailed(this, message.diagnostic);
      case 'pong':
        return this.#pongs.get(message.ping)?.();
      case 'bye':
        return this.#onBye?.();
      case 'heavy':
        return this.#crew.onHeavy(this);
      case 'escaped':
        this.#end ??= { cause: 'escaped', message };
        return this.#crew.onEscaped(this, message);
      case 'stream-opened':
      case 'stream-chunk':
      case 'stream-ended':
        return this.#pool.onStream(this, message);
      case 'settled':
        return this.#pool.onSettled(this, message);
      case 'background-failed':
        return this.#pool.onBackgroundFailed(this, message);
      case 'response':
      case 'failure':
        return this.#pool.onReply(this, message);
    }
  }

  #finish(end: ThreadEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (let left = receiveMessageOnPort(this.#port); left; left = receiveMessageOnPort(this.#port)) {
      this.#receive(left.message as FromThread);
    }
    this.#port.close();
    this.#onBye?.();
    // Until it is really gone it may still write.
    void this.#destroy().then(() => {
      releaseLocks(this.#locks, this.id);
      this.#crew.onGone(this);
    });
    this.#crew.onEnd(this, this.#end ?? end);
  }
}

/** The rest is for the messages, and for the line that tells that a hook took too long. */
const HOOK_SHARE = 0.9;
