import type { Invocation } from '../invocation/invocation.ts';
import type { Outcome } from '../invocation/outcome.ts';
import type { Run } from './worker-pool.ts';

/** An invocation in the pool: it is answered once, by whatever comes first, and settles once. */
export class PendingRun implements Run {
  readonly id: number;
  readonly invocation: Invocation;
  readonly outcome: Promise<Outcome>;
  readonly settled: Promise<void>;
  answered = false;
  /** Its handler has returned, but not all that it gave to `waitUntil` has settled. */
  inBackground = false;
  readonly #answer: (outcome: Outcome) => void;
  readonly #settle: () => void;
  #deadline: NodeJS.Timeout | undefined;

  constructor(id: number, invocation: Invocation) {
    this.id = id;
    this.invocation = invocation;
    const outcome = Promise.withResolvers<Outcome>();
    const settled = Promise.withResolvers<void>();
    this.outcome = outcome.promise;
    this.settled = settled.promise;
    this.#answer = outcome.resolve;
    this.#settle = settled.resolve;
  }

  get requestId(): string {
    return this.invocation.metadata.requestId;
  }

  /** Calls back if it has neither been answered nor settled between now and that instant (epoch ms). */
  watch(instantMs: number, onMissed: () => void): void {
    this.#deadline = setTimeout(onMissed, Math.min(Math.max(instantMs - Date.now(), 0), LONGEST_TIMER_MS));
  }

  answer(outcome: Outcome): void {
    if (this.answered) return;
    this.answered = true;
    clearTimeout(this.#deadline);
    this.#answer(outcome);
  }

  settle(): void {
    clearTimeout(this.#deadline);
    this.#settle();
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;
