import type { InvocationState } from '../../messages.ts';

/** How long the invocation waited for a slot and a thread, in ms; undefined while that is unknown. */
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

/** How long the handler ran, in ms; undefined while it runs, also after the first bytes of a stream. */
export function runOf({ outcome, dispatchedAt, startedAt, answeredAt }: InvocationState): number | undefined {
  const began = startedAt ?? dispatchedAt;
  if (outcome === 'open' || began === undefined || answeredAt === undefined) return undefined;
  return Math.max(0, answeredAt - began);
}
