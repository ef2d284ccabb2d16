import { MAX_CONCURRENCY } from '../config/environment.ts';
import type { LocalSettings } from '../config/config.ts';
import { MAX_INVOCATIONS } from './bursts.ts';
import { now } from './clock.ts';
import { InvocationHistory } from './invocation-history.ts';
import { LogHistory } from './log-history.ts';
import type { BurstState, Snapshot, Update } from './messages.ts';
import { Sampler } from './sampler.ts';
import { ThreadHistory } from './thread-history.ts';

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
