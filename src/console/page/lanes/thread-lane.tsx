import type { ShownThread } from '../../messages.ts';
import { percent, threadName } from '../state/format.ts';
import { samples, threadKey } from '../state/store.ts';
import { selected } from '../state/view.ts';
import { Bar } from './bar.tsx';
import type { Lane } from './places.ts';
import { px, pxPerMs, xOf } from './scale.ts';

/** The lane of a thread and of those that it replaced. */
export function ThreadLane({ lane, shownFrom }: { readonly lane: Lane; readonly shownFrom: number }) {
  const { threads, bars, rows } = lane;
  const current = threads.at(-1);
  if (current === undefined) return null;
  const barHeight = rows === 1 ? 20 : 11;
  const name = threadName(current.thread);
  return (
    <div
      class="lane"
      role="group"
      aria-label={name}
      data-thread={current.thread}
      style={{ height: px(Math.max(34, rows * (barHeight + 2) + 13)) }}
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
          {bars
            .filter(({ invocation: { endedAt = Infinity } }) => endedAt >= shownFrom)
            .map(({ invocation, row }) => (
              <Bar
                key={invocation.requestId}
                invocation={invocation}
                pxPerMs={pxPerMs.value}
                x={xOf(invocation.dispatchedAt ?? 0)}
                top={9 + row * (barHeight + 2)}
                height={barHeight}
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
