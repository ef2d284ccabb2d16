import type { LocalSettings } from '../config/config.ts';
import { MAX_CONCURRENCY } from '../config/environment.ts';
import type { PublishedThread } from '../observability/channels.ts';
import { MAX_INVOCATIONS } from './bursts.ts';
import { InvocationHistory } from './invocation-history.ts';
import { LogHistory } from './log-history.ts';
import type { BurstState, Snapshot, ShownThread, Update } from './messages.ts';
import { Sampler, now } from './sampler.ts';

/** Everything that the console retains. Each part is bounded. */
export class History {
  readonly sampler = new Sampler();
  readonly invocations = new InvocationHistory((durationMs) => this.sampler.answered(durationMs));
  readonly threads = new ThreadHistory();
  readonly log = new LogHistory();
  readonly refusals = new RefusalHistory();
  readonly #settings: LocalSettings;
  #countsBefore = '';

  constructor(settings: LocalSettings) {
    this.#settings = settings;
  }

  snapshot(burst: BurstState): Snapshot {
    const { functionName, concurrency, invocationsPerThread, timeoutMs } = this.#settings;
    return {
      functionName,
      concurrency,
      invocationsPerThread,
      timeoutMs,
      mostInvocations: MAX_INVOCATIONS,
      mostAtOnce: MAX_CONCURRENCY,
      now: now(),
      invocations: this.invocations.all(),
      forgotten: [],
      threads: this.threads.all(),
      lines: this.log.all(),
      samples: this.sampler.all(),
      refusals: this.refusals.all(),
      ...this.#counts(),
      burst,
    };
  }

  takeUpdate(burst: BurstState): Update | undefined {
    const news = {
      ...this.invocations.takeChanges(),
      threads: this.threads.takeChanges(),
      lines: this.log.takeNew(),
      samples: this.sampler.takeNew(),
      refusals: this.refusals.takeNew(),
    };
    const counts = { ...this.#counts(), burst };
    const countsBefore = this.#countsBefore;
    this.#countsBefore = JSON.stringify(counts);
    const isSame = Object.values(news).every(({ length }) => length === 0);
    return isSame && this.#countsBefore === countsBefore ? undefined : { now: now(), ...news, ...counts };
  }

  watched(isWatched: boolean): void {
    if (isWatched) this.sampler.start();
    else this.sampler.stop();
  }

  #counts(): Pick<Update, 'waiting' | 'inFlight' | 'refused'> {
    return { ...this.invocations.counts(), refused: this.refusals.count };
  }
}

/** Retains when calls were throttled with 429. */
class RefusalHistory {
  /** The total number of calls. */
  count = 0;
  readonly #kept: number[] = [];
  #fresh: number[] = [];

  add(): void {
    this.count += 1;
    const at = now();
    for (const list of [this.#kept, this.#fresh]) {
      list.push(at);
      if (list.length > MAX_REFUSALS) list.shift();
    }
  }

  all(): readonly number[] {
    return this.#kept.slice();
  }

  /** Returns those added since the previous call. */
  takeNew(): readonly number[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }
}

const MAX_REFUSALS = 500;

/** Retains the current threads and the most recently ended ones. */
class ThreadHistory {
  /** Keyed by message object, because thread numbers repeat when `dev` starts the runtime again. */
  readonly #threads = new Map<PublishedThread, ShownThread>();
  readonly #changed = new Set<PublishedThread>();

  starts(context: PublishedThread): void {
    this.#threads.set(context, { thread: context.thread, startedAt: now() });
    this.#changed.add(context);
  }

  ready(context: PublishedThread): void {
    // A thread that failed to start also publishes this event, without a boot time.
    if (context.startDurationMs !== undefined) this.#update(context, { readyAt: now() });
  }

  retired(context: PublishedThread): void {
    this.#update(context, { retiredAt: now() });
  }

  ended(context: PublishedThread): void {
    const { cause, error } = context;
    this.#update(context, {
      endedAt: now(),
      ...(cause !== undefined && { cause }),
      ...(error !== undefined && { errorType: error.errorType, errorMessage: error.errorMessage }),
    });
    this.#forgetOldest();
  }

  all(): ShownThread[] {
    return [...this.#threads.values()];
  }

  /** Returns the threads that have changed since the previous call. */
  takeChanges(): ShownThread[] {
    const states = [...this.#changed].flatMap((context) => this.#threads.get(context) ?? []);
    this.#changed.clear();
    return states;
  }

  #update(context: PublishedThread, changes: Partial<ShownThread>): void {
    const state = this.#threads.get(context);
    if (state === undefined) return;
    this.#threads.set(context, { ...state, ...changes });
    this.#changed.add(context);
  }

  #forgetOldest(): void {
    const ended = [...this.#threads].filter(([, { endedAt }]) => endedAt !== undefined);
    for (const [context] of ended.slice(0, -MAX_ENDED)) {
      this.#threads.delete(context);
      this.#changed.delete(context);
    }
  }
}

const MAX_ENDED = 64;
