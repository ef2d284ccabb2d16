import type { SlotObserver } from '../observability/observer.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import type { RuntimeApiClient } from '../runtime-api/runtime-api-client.ts';
import type { Deliveries } from './deliveries.ts';

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
      pool.cancelReservation();
      slot.waits();
      continue;
    }
    deliveries.begin();
    const record = slot.receives(invocation);
    const handle = pool.run(invocation, record);
    const outcome = await handle.outcome;
    // Not awaited, so that the next poll leaves in the same write as the answer.
    void client.answer(invocation, outcome).then((delivery) => {
      // First, so that nothing that a record does can keep the answer open.
      deliveries.end(delivery);
      record.delivered(delivery);
    });
    await handle.settled;
    slot.waits();
  }
  slot.stops();
}
