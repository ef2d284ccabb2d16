import type { ShownThread } from '../../messages.ts';
import { percent, threadName } from '../state/format.ts';
import { samples, threadKey } from '../state/store.ts';
import { selected } from '../state/view.ts';
import { Bar } from './bar.tsx';
import type { Lane } from './places.ts';
import { px, pxPerMs, xOf } from './scale.ts';

/** The lane of a thread and of those that it replaced. */
export function ThreadLane({ lane, shownFrom }: { readonly lane: Lane; readonly shownFrom: number }) {
  const { threads } = lane;
  const current = threads.at(-1);
  if (current === undefined) return null;
  const bars = lane.bars.filter(({ span }) => span.end >= shownFrom);
  // Only bars that are shown make a lane higher.
  const rows = bars.reduce((most, bar) => Math.max(most, bar.rows), 1);
  const height = Math.max(20, rows * 13 - 2);
  const name = threadName(current.thread);
  return (
    <div
      class="lane"
      role="group"
      aria-label={name}
      data-thread={current.thread}
      style={{ height: px(height + 14) }}
    >
      <div class="lane-label">
        <span class={`dot ${stateOf(current)}`} />
        <span class="lane-name">{name}</span>
        <Load thread={current} />
      </div>
      <div class="track">
        <div class="strip">
          {threads.map((thread) => (
            <Life key={threadKey(thread)} thread={thread} />
          ))}
          {bars.map(({ invocation, row, rows: shared, span }) => (
            <Bar
              key={invocation.requestId}
              invocation={invocation}
              span={span}
              pxPerMs={pxPerMs.value}
              x={xOf(span.start)}
              top={9 + (row * (height + 2)) / shared}
              height={(height + 2) / shared - 2}
              isSelected={selected.value === invocation.requestId}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** The start of a thread, and the cause of its end. */
function Life({ thread }: { readonly thread: ShownThread }) {
  const { startedAt, readyAt, endedAt, cause } = thread;
  if (thread.thread === 0) return null;
  const bootEnd = readyAt ?? endedAt;
  return (
    <>
      <div
        class={bootEnd === undefined ? 'boot open' : 'boot'}
        data-from={startedAt}
        style={{
          left: px(xOf(startedAt)),
          ...(bootEnd !== undefined && { width: px(Math.max(2, (bootEnd - startedAt) * pxPerMs.value)) }),
        }}
      />
      {endedAt !== undefined && (
        <div
          class={`thread-end ${cause === undefined || cause === 'recycled' ? 'planned' : 'fault'}`}
          data-ended={thread.thread}
          data-cause={cause}
          style={{ left: px(xOf(endedAt)) }}
        >
          <span>{`✕ ${threadName(thread.thread)}, ${cause ?? 'ended'}`}</span>
        </div>
      )}
    </>
  );
}

function Load({ thread }: { readonly thread: ShownThread }) {
  const last = samples.value.at(-1);
  const part = thread.thread === 0 ? last?.mainThread : last?.threads[thread.thread];
  if (part === undefined) return null;
  return (
    <span class="load" title={`event loop busy ${percent(part)} of the last second`}>
      <span style={{ width: percent(part).replace(' ', '') }} />
    </span>
  );
}

function stateOf({ readyAt, retiredAt }: ShownThread): 'ready' | 'starting' | 'ended' {
  if (retiredAt !== undefined) return 'ended';
  return readyAt === undefined ? 'starting' : 'ready';
}
