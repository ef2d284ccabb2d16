import type { LocalSettings } from '../config/local-settings.ts';
import { now } from './clock.ts';
import { InvocationLedger } from './invocation-ledger.ts';
import { LogLedger } from './log-ledger.ts';
import type { BurstState, Snapshot, Update } from './messages.ts';
import { Sampler } from './sampler.ts';
import { ThreadLedger } from './thread-ledger.ts';

/** All that the console remembers; each part is bounded. */
export class Ledgers {
  readonly sampler = new Sampler();
  readonly invocations = new InvocationLedger((durationMs) => this.sampler.answered(durationMs));
  readonly threads = new ThreadLedger();
  readonly log = new LogLedger();
  /** How many calls got 429. */
  refused = 0;
  readonly #settings: LocalSettings;
  #burst = '';
  #refusedBefore = 0;

  constructor(settings: LocalSettings) {
    this.#settings = settings;
  }

  snapshot(burst: BurstState): Snapshot {
    const { functionName, concurrency, timeoutMs } = this.#settings;
    return {
      functionName,
      concurrency,
      timeoutMs,
      now: now(),
      invocations: this.invocations.all(),
      threads: this.threads.all(),
      lines: this.log.all(),
      samples: this.sampler.all(),
      refused: this.refused,
      burst,
    };
  }

  takeUpdate(burst: BurstState): Update | undefined {
    const invocations = this.invocations.takeChanges();
    const threads = this.threads.takeChanges();
    const lines = this.log.takeNew();
    const samples = this.sampler.takeNew();
    const burstBefore = this.#burst;
    this.#burst = JSON.stringify(burst);
    const isSame = [invocations, threads, lines, samples].every(({ length }) => length === 0);
    const { refused } = this;
    const refusedBefore = this.#refusedBefore;
    this.#refusedBefore = refused;
    if (isSame && this.#burst === burstBefore && refused === refusedBefore) return undefined;
    return { now: now(), invocations, threads, lines, samples, refused, burst };
  }

  watched(isWatched: boolean): void {
    if (isWatched) this.sampler.start();
    else this.sampler.stop();
  }
}
