import type { CallerOutcome, InvocationState } from '../../messages.ts';
import { shortId, threadName } from './format.ts';

/** How outcomes are called on the page, in the order of the legend. */
export const OUTCOMES: Readonly<Record<CallerOutcome, string>> = {
  open: 'running',
  response: 'response',
  error: 'error',
  deadline: 'deadline',
  crash: 'crash',
  shutdown: 'shutdown',
  unavailable: 'not taken',
};

/** How it stands with an invocation, in a word. */
export function standing(invocation: InvocationState): string {
  return isWaiting(invocation) ? 'waiting' : OUTCOMES[invocation.outcome];
}

/** The class of its swatch. */
export function swatchOf(invocation: InvocationState): string {
  return `swatch ${isWaiting(invocation) ? 'wait' : invocation.outcome}`;
}

/** For a slot, or with a slot for a thread. */
export function isWaiting({ outcome, dispatchedAt }: InvocationState): boolean {
  return outcome === 'open' && dispatchedAt === undefined;
}

/** One line for who cannot see the bar. */
export function describe(invocation: InvocationState): string {
  const { requestId, thread, errorType } = invocation;
  const where = thread === undefined ? '' : `, ${threadName(thread)}`;
  const why = errorType === undefined ? '' : ` ${errorType}`;
  return `${shortId(requestId)}, ${standing(invocation)}${why}${where}`;
}
