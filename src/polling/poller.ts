import type { RuntimeApiClient } from '../runtime-api/runtime-api-client.ts';
import type { WorkerPool } from '../pool/worker-pool.ts';

/**
 * The loop of one slot: wait for room, wait for an event, run it, answer it. Resolves when the signal has aborted and
 * the last answer is delivered; rejects when the Runtime API cannot be reached any more.
 */
export async function poll(client: RuntimeApiClient, pool: WorkerPool, signal: AbortSignal): Promise<void> {
  let delivery: Promise<void> | undefined;
  while (!signal.aborted && (await pool.reserve())) {
    const invocation = await client.next();
    if (invocation === undefined) {
      pool.release();
      break;
    }
    const run = pool.run(invocation);
    // Not awaited: the next poll is written right behind the answer.
    delivery = client.answer(invocation, await run.outcome);
    await run.settled;
  }
  await delivery;
}
