import { setTimeout as sleep } from 'node:timers/promises';
// In a project of your own: from 'lambda-managed-runtime/worker'.
import { getContext, logger } from '../../workers/index.ts';

/** Stands for a mail service that takes its time. Signal and request id come from the invocation, not through parameters. */
export async function sendReceipt(order: string, totalCents: number): Promise<void> {
  await sleep(DELAY_MS, undefined, { signal: getContext()?.signal });
  if (totalCents === 0) throw new RangeError(`The order ${order} is empty.`);
  logger.info({ order }, 'Receipt sent');
}

const DELAY_MS = 200;
