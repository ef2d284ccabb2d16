import { duration } from '../state/format.ts';
import { OUTCOMES, runOf, threadName, waitOf } from '../state/outcomes.ts';
import { invocations, serverNow } from '../state/store.ts';

/** What the mouse is on. */
export interface Pointed {
  readonly requestId: string;
  readonly x: number;
  readonly y: number;
}

/** The most important of an invocation, beside the mouse. Who uses the keyboard has the detail. */
export function Tooltip({ pointed }: { readonly pointed: Pointed | undefined }) {
  const invocation = pointed === undefined ? undefined : invocations.value.get(pointed.requestId);
  if (pointed === undefined || invocation === undefined) return null;
  const { requestId, outcome, errorType, thread } = invocation;
  const since = invocation.dispatchedAt ?? invocation.calledAt;
  return (
    <div
      class="tooltip"
      aria-hidden="true"
      style={{ left: `${Math.min(pointed.x + 14, innerWidth - 300)}px`, top: `${pointed.y + 16}px` }}
    >
      <code>{requestId}</code>
      <p>
        <span class={`swatch ${outcome}`} /> {OUTCOMES[outcome]}
        {errorType !== undefined && ` · ${errorType}`}
        {thread !== undefined && ` · ${threadName(thread)}`}
      </p>
      <p>
        waited {duration(waitOf(invocation))} · ran{' '}
        {outcome === 'open' ? `${duration(serverNow() - since)} so far` : duration(runOf(invocation))}
      </p>
    </div>
  );
}
