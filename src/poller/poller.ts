import { Promise } from '../builtins.ts';
import type { DeliveryStatus } from '../invocation/invocation.ts';
import type { SlotObserver } from '../observability/observer.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import type { RuntimeApiClient } from '../runtime-api/runtime-api-client.ts';

/**
 * The loop of one slot: wait for room, wait for an event, run it, answer it. Resolves when the signal has aborted and
 * the last invocation has settled, which its answer may outlast; rejects when the Runtime API cannot be reached any more.
 */
export async function poll(
  client: RuntimeApiClient,
  pool: WorkerPool,
  slot: SlotObserver,
  deliveries: Deliveries,
): Promise<void> {
  while ((await client.mayPoll()) && (await pool.reserve())) {
    slot.polls();
    const invocation = await client.next();
    if (invocation === undefined) {
      // A slot that cannot poll must not keep its room from one that can.
      pool.release();
      slot.waits();
      continue;
    }
    deliveries.begin();
    const record = slot.receives(invocation);
    const run = pool.run(invocation, record);
    // Not awaited: the next poll is written right behind the answer.
    void client.answer(invocation, await run.outcome).then((delivery) => {
      record.delivered(delivery);
      deliveries.end(delivery);
    });
    await run.settled;
    slot.waits();
  }
  slot.stops();
}

/** Counts the invocations of all slots whose answers are still to be delivered. */
export class Deliveries {
  #open = 0;
  #onSettled: Array<() => void> = [];
  #onAborted: () => void = () => undefined;

  /** An invocation has arrived. */
  begin(): void {
    this.#open += 1;
  }

  /** Its answer has been delivered, or never will be. */
  end(delivery: DeliveryStatus): void {
    this.#open -= 1;
    if (delivery === 'aborted') this.#onAborted();
    if (this.#open > 0) return;
    for (const tell of this.#onSettled.splice(0)) tell();
  }

  /** Resolves when no answer is missing. */
  async settled(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  /** Resolves when an answer is refused, from now on, because its invocation was aborted. Only the last caller is told. */
  aborted(): Promise<void> {
    return new Promise((resolve) => (this.#onAborted = resolve));
  }
}
