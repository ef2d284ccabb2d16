import type { InvocationState } from '../../messages.ts';

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
