import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { about, invocations, threads } from '../state/store.ts';
import { pan, selected, viewEnd, windowMs, zoom } from '../state/view.ts';
import { barId } from './bar.tsx';
import { onLanesKey } from './bar-keys.ts';
import { LanesHead } from './lanes-head.tsx';
import { move, place } from './motion.ts';
import { Places } from './places.ts';
import { trackWidth } from './scale.ts';
import { ThreadLane } from './thread-lane.tsx';
import { TimeAxis, TimeGrid } from './time-axis.tsx';
import { Tooltip } from './tooltip.tsx';
import type { Pointed } from './tooltip.tsx';
import { WaitingLane } from './waiting-lane.tsx';

/** The timeline: one lane per thread, one bar per invocation. */
export function Lanes() {
  const body = useRef<HTMLDivElement>(null);
  const pointed = useSignal<Pointed | undefined>(undefined);
  const places = useMemo(() => new Places(), []);
  const lanes = useComputed(() => {
    places.forgetAllBut(invocations.value);
    const { invocationsPerThread } = about.value ?? {};
    return places.lanes(threads.value.values(), invocations.value.values(), invocationsPerThread);
  });
  const waiting = useComputed(() => places.waiting(invocations.value.values()));
  const shownFrom = viewEnd() - windowMs.value * 1.5;
  useEffect(() => (body.current === null ? undefined : move(body.current)), []);
  useEffect(() => (body.current === null ? undefined : measure(body.current)), []);
  useLayoutEffect(() => {
    if (body.current !== null) place(body.current);
  });
  const shown = lanes.value.filter(({ threads }) => (threads.at(-1)?.endedAt ?? Infinity) >= shownFrom);
  const isEmpty = invocations.value.size === 0;
  const select = (event: Event) => {
    const requestId = requestOf(event);
    if (requestId !== undefined) selected.value = requestId;
  };
  return (
    <section class="panel lanes" aria-labelledby="lanes-title">
      <LanesHead />
      <div
        ref={body}
        id="lanes"
        class="lanes-body"
        tabIndex={0}
        {...(isEmpty
          ? { role: 'group' }
          : {
              role: 'listbox',
              ...(selected.value !== undefined &&
                isShown(selected.value, shownFrom) && {
                  'aria-activedescendant': barId(selected.value),
                }),
            })}
        aria-label="Invocations by thread"
        onKeyDown={(event) => onLanesKey(event, shown)}
        onClick={select}
        onPointerMove={(event) => {
          const requestId = requestOf(event);
          pointed.value =
            requestId === undefined ? undefined : { requestId, x: event.clientX, y: event.clientY };
        }}
        onPointerLeave={() => (pointed.value = undefined)}
        onWheel={onWheel}
      >
        <div class="lanes-content">
          <TimeGrid />
          <WaitingLane bars={waiting.value} />
          {shown.map((lane, index) => (
            <ThreadLane key={index} lane={lane} shownFrom={shownFrom} />
          ))}
          <TimeAxis />
          {isEmpty && <Empty />}
        </div>
      </div>
      <Tooltip pointed={pointed.value} />
    </section>
  );
}

function Empty() {
  return (
    <p class="lanes-empty">
      Nothing has been invoked yet. Press <strong>Invoke</strong> on the right, or call{' '}
      <code>{`curl ${location.origin}/invoke --data '{}'`}</code>
    </p>
  );
}

/** Whether the invocation's bar is rendered, so that `aria-activedescendant` can refer to it. */
function isShown(requestId: string, shownFrom: number): boolean {
  const { dispatchedAt, endedAt = Infinity } = invocations.value.get(requestId) ?? {};
  return dispatchedAt !== undefined && endedAt >= shownFrom;
}

function requestOf({ target }: Event): string | undefined {
  const bar = target instanceof Element ? target.closest<HTMLElement>('[data-request]') : null;
  return bar?.dataset['request'];
}

function measure(body: HTMLElement): () => void {
  const observer = new ResizeObserver(() => {
    const track = body.querySelector('.track');
    if (track !== null) trackWidth.value = track.clientWidth;
  });
  observer.observe(body);
  return () => observer.disconnect();
}

function onWheel(event: WheelEvent): void {
  if (event.ctrlKey) {
    event.preventDefault();
    zoom(Math.sign(event.deltaY));
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    pan((event.deltaX || event.deltaY) / 1000);
  }
}
