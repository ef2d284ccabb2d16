import { threadId } from 'node:worker_threads';
// In your own project, import from 'lambda-managed-runtime/worker'.
import type { Handler } from '../../workers/index.ts';
import { sendReceipt } from './receipt.ts';

export interface OrderEvent {
  readonly order: string;
  readonly items: readonly { readonly name: string; readonly cents: number }[];
}

export interface OrderAnswer {
  readonly order: string;
  readonly totalCents: number;
  readonly thread: number;
}

/** Returns the total at once. The receipt is sent in the background, and a failure is logged. */
export const handler: Handler<OrderEvent, OrderAnswer> = ({ order, items }, context) => {
  const totalCents = items.reduce((sum, { cents }) => sum + cents, 0);
  context.waitUntil(sendReceipt(order, totalCents));
  return { order, totalCents, thread: threadId };
};
