import { Promise } from '../builtins.ts';
import type { DeliveryStatus } from '../invocation/invocation.ts';
import type { SlotObserver } from '../observability/observer.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import type { RuntimeApiClient } from '../runtime-api/runtime-api-client.ts';

/**
 * The loop of one slot: reserves capacity, polls for an event, runs it and answers it. Resolves when polling was stopped and
 * the last invocation has settled; its answer may still be in progress. Rejects when the Runtime API is unreachable.
 */
export async function runSlot(
  client: RuntimeApiClient,
  pool: WorkerPool,
  slot: SlotObserver,
  deliveries: Deliveries,
): Promise<void> {
  while ((await client.waitUntilMayPoll()) && (await pool.reserve())) {
    slot.polls();
    const invocation = await client.next();
    if (invocation === undefined) {
      // A slot that cannot poll must not hold capacity that another slot could use.
      pool.release();
      slot.waits();
      continue;
    }
    deliveries.begin();
    const record = slot.receives(invocation);
    const handle = pool.run(invocation, record);
    // Not awaited, so that the next poll leaves in the same write as the answer.
    void client.answer(invocation, await handle.outcome).then((delivery) => {
      record.delivered(delivery);
      deliveries.end(delivery);
    });
    await handle.settled;
    slot.waits();
  }
  slot.stops();
}

/** Counts the invocations of all slots whose answers have not been delivered. */
export class Deliveries {
  #open = 0;
  readonly #onSettled: Array<() => void> = [];
  #onAborted: () => void = () => undefined;

  /** Must be called when an invocation has arrived. */
  begin(): void {
    this.#open += 1;
  }

  /** Must be called when the answer has been delivered or has failed. */
  end(delivery: DeliveryStatus): void {
    this.#open -= 1;
    if (delivery === 'aborted') this.#onAborted();
    if (this.#open > 0) return;
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }

  /** Resolves when all answers have been delivered or have failed. */
  async settled(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  /** Resolves on the next answer that is refused because Lambda aborted its invocation. Supports one caller. */
  aborted(): Promise<void> {
    return new Promise((resolve) => (this.#onAborted = resolve));
  }
}
