import type { SlotObserver } from '../observing/observer.ts';
import type { RuntimeApiClient } from '../runtime-api/runtime-api-client.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';
import type { Deliveries } from './deliveries.ts';

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
