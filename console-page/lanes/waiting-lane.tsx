import type { InvocationState } from '../../src/console/messages.ts';
import { describe } from '../state/outcomes.ts';
import { selected } from '../state/view.ts';
import { barId, LEAST_PX, px } from './bar.tsx';
import { inQueue } from './places.ts';
import type { PlacedBar } from './places.ts';
import { pxPerMs, xOf } from './scale.ts';

/** Those that have no slot yet, above the threads. */
export function WaitingLane({ bars }: { readonly bars: readonly PlacedBar[] }) {
  const count = bars.filter(({ invocation }) => isWaiting(invocation)).length;
  return (
    <div class="lane waiting" role="group" aria-label="Waiting for a slot">
      <div class="lane-label">
        <span class="lane-name">waiting</span>
        <span class={count > 0 ? 'queue-length some' : 'queue-length'}>{count}</span>
      </div>
      <div class="track">
        <div class="strip">
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

function Wait({ invocation, row }: PlacedBar) {
  const { requestId, outcome, dispatchedAt } = invocation;
  const { start, end } = inQueue(invocation);
  const isOpen = end === Infinity;
  const x = xOf(start);
  // What never got to a thread has no other bar.
  const isOnly = dispatchedAt === undefined;
  return (
    <div
      class={`bar wait ${isOnly ? outcome : ''}${isOpen ? ' open' : ''}`}
      data-request={requestId}
      data-x={x}
      style={{
        left: px(x),
        top: px(2 + row * 4),
        height: '3px',
        ...(!isOpen && { width: px(Math.max(LEAST_PX, (end - start) * pxPerMs.value)) }),
      }}
      {...(isOnly
        ? {
            id: barId(requestId),
            role: 'option',
            'aria-selected': selected.value === requestId,
            'aria-label': `${describe(invocation)}, waiting`,
          }
        : { 'aria-hidden': 'true' })}
    />
  );
}

function isWaiting({ arrivedAt, endedAt }: InvocationState): boolean {
  return arrivedAt === undefined && endedAt === undefined;
}

/** More do not fit. The number beside them is of all. */
const ROWS = 8;
