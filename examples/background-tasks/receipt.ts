import { setTimeout as sleep } from 'node:timers/promises';
// In your own project, import from 'lambda-managed-runtime/worker'.
import { getContext, logger } from '../../workers/index.ts';

/** Simulates a slow mail service. The signal and the request id come from the current invocation, not from parameters. */
export async function sendReceipt(order: string, totalCents: number): Promise<void> {
  await sleep(DELAY_MS, undefined, { signal: getContext()?.signal });
  if (totalCents === 0) throw new RangeError(`The order ${order} is empty.`);
  logger.info({ order }, 'Receipt sent');
}

const DELAY_MS = 200;
