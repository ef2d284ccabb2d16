import type { InvocationState } from '../../messages.ts';
import { runOf, waitOf } from '../state/durations.ts';
import { duration, threadName } from '../state/format.ts';
import { isWaiting, statusOf, swatchOf } from '../state/outcomes.ts';
import { invocations, serverNow } from '../state/store.ts';

/** The invocation under the pointer. */
export interface Pointed {
  readonly requestId: string;
  readonly x: number;
  readonly y: number;
}

/** A summary of the invocation under the pointer. Keyboard users see the details instead. */
export function Tooltip({ pointed }: { readonly pointed: Pointed | undefined }) {
  const invocation = pointed === undefined ? undefined : invocations.value.get(pointed.requestId);
  if (pointed === undefined || invocation === undefined) return null;
  const { requestId, errorType, thread } = invocation;
  return (
    <div
      class="tooltip"
      aria-hidden="true"
      style={{ left: `${Math.min(pointed.x + 14, innerWidth - 300)}px`, top: `${pointed.y + 16}px` }}
    >
      <code>{requestId}</code>
      <p>
        <span class={swatchOf(invocation)} /> {statusOf(invocation)}
        {errorType !== undefined && ` · ${errorType}`}
        {thread !== undefined && ` · ${threadName(thread)}`}
      </p>
      <p>{times(invocation)}</p>
    </div>
  );
}

function times(invocation: InvocationState): string {
  const { outcome, calledAt, dispatchedAt } = invocation;
  const soFar = (since: number) => `${duration(serverNow() - since)} so far`;
  if (isWaiting(invocation)) return `waited ${soFar(calledAt)}`;
  const ran =
    outcome === 'open' && dispatchedAt !== undefined ? soFar(dispatchedAt) : duration(runOf(invocation));
  return `waited ${duration(waitOf(invocation))} · ran ${ran}`;
}
