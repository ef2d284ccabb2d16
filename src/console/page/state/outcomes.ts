import type { CallerOutcome, InvocationState } from '../../messages.ts';
import { shortId, threadName } from './format.ts';

/** The labels of the outcomes, in the order of the legend. */
export const OUTCOMES: Readonly<Record<CallerOutcome, string>> = {
  open: 'running',
  response: 'response',
  error: 'error',
  deadline: 'deadline',
  crash: 'crash',
  shutdown: 'shutdown',
  unavailable: 'not delivered',
};

/** Returns a one-word status of an invocation. */
export function statusOf(invocation: InvocationState): string {
  return isWaiting(invocation) ? 'waiting' : OUTCOMES[invocation.outcome];
}

/** Returns the CSS class of an invocation's swatch. */
export function swatchOf(invocation: InvocationState): string {
  return `swatch ${isWaiting(invocation) ? 'wait' : invocation.outcome}`;
}

/** Whether the invocation waits for a slot, or has a slot and waits for a thread. */
export function isWaiting({ outcome, dispatchedAt }: InvocationState): boolean {
  return outcome === 'open' && dispatchedAt === undefined;
}

/** Returns a one-line description for screen readers. */
export function describeInvocation(invocation: InvocationState): string {
  const { requestId, thread, errorType } = invocation;
  const onThread = thread === undefined ? '' : `, ${threadName(thread)}`;
  const error = errorType === undefined ? '' : ` ${errorType}`;
  return `${shortId(requestId)}, ${statusOf(invocation)}${error}${onThread}`;
}
