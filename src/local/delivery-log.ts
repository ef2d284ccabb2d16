/** What became of one request id: how often its event was handed over, and how its answers were taken. */
export interface Delivery {
  readonly requestId: string;
  /** How often the event was handed to a poll: 1, or 0 for an id that the server never gave out. */
  readonly handedOver: number;
  /** How many answers were taken with 202. */
  readonly accepted: number;
  /** The status of each answer that was refused, in order: 400, 410 or 413. */
  readonly refused: readonly number[];
  readonly outcome: 'open' | 'response' | 'error' | 'timeout' | 'abandoned' | 'unknown';
}

/** Remembers the last deliveries, so that tests can see that each event was answered exactly once. */
export class DeliveryLog {
  readonly entries = new Map<string, MutableDelivery>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  handedOver(requestId: string): void {
    const entry = this.#entry(requestId);
    entry.handedOver += 1;
    entry.outcome = 'open';
  }

  ended(requestId: string, outcome: Delivery['outcome']): void {
    this.#entry(requestId).outcome = outcome;
  }

  accepted(requestId: string): void {
    this.#entry(requestId).accepted += 1;
  }

  refused(requestId: string, status: number): void {
    this.#entry(requestId).refused.push(status);
  }

  #entry(requestId: string): MutableDelivery {
    const known = this.entries.get(requestId);
    if (known !== undefined) return known;
    const entry: MutableDelivery = { requestId, handedOver: 0, accepted: 0, refused: [], outcome: 'unknown' };
    this.entries.set(requestId, entry);
    if (this.entries.size > this.#limit) this.#forgetOldest();
    return entry;
  }

  #forgetOldest(): void {
    for (const requestId of this.entries.keys()) {
      this.entries.delete(requestId);
      return;
    }
  }
}

interface MutableDelivery extends Delivery {
  handedOver: number;
  accepted: number;
  readonly refused: number[];
  outcome: Delivery['outcome'];
}
