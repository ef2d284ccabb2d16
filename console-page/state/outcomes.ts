import type { InvocationOutcome, InvocationState } from '../../src/console/messages.ts';

/** How outcomes are called on the page, in the order of the legend. */
export const OUTCOMES: Readonly<Record<InvocationOutcome, string>> = {
  open: 'running',
  response: 'response',
  error: 'error',
  deadline: 'deadline',
  crash: 'crash',
  shutdown: 'shutdown',
  unavailable: 'not taken',
};

/** One line for who cannot see the bar. */
export function describe(invocation: InvocationState): string {
  const { requestId, outcome, thread, errorType } = invocation;
  const where = thread === undefined ? '' : `, ${threadName(thread)}`;
  const why = errorType === undefined ? '' : ` ${errorType}`;
  return `${requestId.slice(0, 8)}, ${OUTCOMES[outcome]}${why}${where}`;
}

export function threadName(thread: number): string {
  return thread === 0 ? 'main thread' : `thread ${thread}`;
}

/** How long it had no slot, or had a slot but no free thread, in ms; undefined as long as that is not known. */
export function waitOf({
  calledAt,
  arrivedAt,
  dispatchedAt,
  startedAt,
  endedAt,
}: InvocationState): number | undefined {
  const taken = startedAt ?? dispatchedAt ?? arrivedAt ?? endedAt;
  return taken === undefined ? undefined : Math.max(0, taken - calledAt);
}

/** How long its handler ran, in ms; undefined as long as it runs: a stream's first bytes are an answer, too. */
export function runOf({ outcome, dispatchedAt, startedAt, answeredAt }: InvocationState): number | undefined {
  const began = startedAt ?? dispatchedAt;
  if (outcome === 'open' || began === undefined || answeredAt === undefined) return undefined;
  return Math.max(0, answeredAt - began);
}
