import { describeInvocation } from '../state/outcomes.ts';
import { refusals, waiting } from '../state/store.ts';
import { selected } from '../state/view.ts';
import { barId } from './bar.tsx';
import type { PlacedBar } from './places.ts';
import { MIN_PX, px, pxPerMs, xOf } from './scale.ts';
import { inQueue } from './spans.ts';

/** Invocations that have no slot yet, above the threads. */
export function WaitingLane({ bars }: { readonly bars: readonly PlacedBar[] }) {
  return (
    <div class="lane waiting" role="group" aria-label="Waiting for a slot">
      <div class="lane-label">
        <span class="lane-name">waiting</span>
        <span class={waiting.value > 0 ? 'queue-length some' : 'queue-length'}>{waiting.value}</span>
      </div>
      <div class="track">
        <div class="strip">
          {refusals.value.map((at) => (
            <div key={at} class="refusal-mark" style={{ left: px(xOf(at)) }} />
          ))}
          {bars
            .filter(({ row }) => row < ROWS)
            .map(({ invocation, row }) => (
              <Wait key={invocation.requestId} invocation={invocation} row={row} />
            ))}
        </div>
      </div>
    </div>
  );
}

function Wait({ invocation, row }: Pick<PlacedBar, 'invocation' | 'row'>) {
  const { requestId, outcome, dispatchedAt } = invocation;
  const { start, end } = inQueue(invocation);
  const isOpen = end === Infinity;
  // An invocation that was never sent to a thread has no other bar.
  const isOnly = dispatchedAt === undefined;
  return (
    <div
      class={`bar wait ${isOnly ? outcome : ''}${isOpen ? ' open' : ''}`}
      data-request={requestId}
      data-from={start}
      style={{
        left: px(xOf(start)),
        top: px(2 + row * 4),
        height: '3px',
        ...(!isOpen && { width: px(Math.max(MIN_PX, (end - start) * pxPerMs.value)) }),
      }}
      {...(isOnly
        ? {
            id: barId(requestId),
            role: 'option',
            'aria-selected': selected.value === requestId,
            'aria-label': describeInvocation(invocation),
          }
        : { 'aria-hidden': 'true' })}
    />
  );
}

/** The maximum number of rows. The number beside the lane counts all waiting invocations. */
const ROWS = 8;
