import { InFlight } from '../in-flight.ts';
import type { SlotObserver } from '../observing/observer.ts';
import type { RuntimeApiClient } from '../runtime-api/runtime-api-client.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';

/**
 * The loop of one slot: wait for room, wait for an event, run it, answer it. Resolves when the signal has aborted and
 * all answers are delivered; rejects when the Runtime API cannot be reached any more.
 */
export async function poll(
  client: RuntimeApiClient,
  pool: WorkerPool,
  slot: SlotObserver,
  signal: AbortSignal,
): Promise<void> {
  const deliveries = new InFlight<Promise<void>>();
  while (!signal.aborted && (await pool.reserve())) {
    slot.polls();
    const invocation = await client.next();
    if (invocation === undefined) {
      pool.release();
      break;
    }
    const record = slot.receives(invocation);
    const run = pool.run(invocation, record);
    // Not awaited: the next poll is written right behind the answer.
    const delivery = client.answer(invocation, await run.outcome).then((became) => {
      record.delivered(became);
      deliveries.delete(delivery);
    });
    deliveries.add(delivery);
    await run.settled;
    slot.waits();
  }
  slot.stops();
  await Promise.all(deliveries);
}
