import type { LocalSettings } from '../config/config.ts';
import { MAX_CONCURRENCY } from '../config/environment.ts';
import type { PublishedThread } from '../observability/channels.ts';
import { MAX_INVOCATIONS } from './bursts.ts';
import { InvocationHistory } from './invocation-history.ts';
import { LogHistory } from './log-history.ts';
import type { BurstState, Snapshot, ThreadState, Update } from './messages.ts';
import { Sampler, now } from './sampler.ts';

/** All that the console remembers; each part is bounded. */
export class History {
  readonly sampler = new Sampler();
  readonly invocations = new InvocationHistory((durationMs) => this.sampler.answered(durationMs));
  readonly threads = new ThreadHistory();
  readonly log = new LogHistory();
  /** How many calls got 429. */
  refused = 0;
  readonly #settings: LocalSettings;
  #countsBefore = '';

  constructor(settings: LocalSettings) {
    this.#settings = settings;
  }

  snapshot(burst: BurstState): Snapshot {
    const { functionName, concurrency, timeoutMs } = this.#settings;
    return {
      functionName,
      concurrency,
      timeoutMs,
      mostInvocations: MAX_INVOCATIONS,
      mostAtOnce: MAX_CONCURRENCY,
      now: now(),
      invocations: this.invocations.all(),
      forgotten: [],
      threads: this.threads.all(),
      lines: this.log.all(),
      samples: this.sampler.all(),
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
    return { ...this.invocations.counts(), refused: this.refused };
  }
}

/** Remembers the threads that there are, and the last ones that were. */
class ThreadHistory {
  /** By an object that stands for one thread only: a runtime that starts again counts anew. */
  readonly #kept = new Map<PublishedThread, ThreadState>();
  readonly #changed = new Set<PublishedThread>();

  starts(context: PublishedThread): void {
    this.#kept.set(context, { thread: context.thread, startedAt: now() });
    this.#changed.add(context);
  }

  ready(context: PublishedThread): void {
    // What has failed to start is told to be over at once.
    if (context.bootMs !== undefined) this.#update(context, { readyAt: now() });
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

  all(): ThreadState[] {
    return [...this.#kept.values()];
  }

  /** Those that have changed since the last time that this was called. */
  takeChanges(): ThreadState[] {
    const states = [...this.#changed].flatMap((context) => this.#kept.get(context) ?? []);
    this.#changed.clear();
    return states;
  }

  #update(context: PublishedThread, changes: Partial<ThreadState>): void {
    const state = this.#kept.get(context);
    if (state === undefined) return;
    this.#kept.set(context, { ...state, ...changes });
    this.#changed.add(context);
  }

  #forgetOldest(): void {
    const ended = [...this.#kept].filter(([, { endedAt }]) => endedAt !== undefined);
    for (const [context] of ended.slice(0, -MAX_ENDED)) {
      this.#kept.delete(context);
      this.#changed.delete(context);
    }
  }
}

const MAX_ENDED = 64;
