import { batch } from '@preact/signals';
import type { InvocationState } from '../../messages.ts';
import { invocations } from '../state/store.ts';
import { frozenAt, pan, selected, viewEnd, windowMs, zoom } from '../state/view.ts';
import type { Lane } from './places.ts';

/** Handles the keyboard in the lanes: selects bars, and pans and zooms the time. */
export function onLanesKey(event: KeyboardEvent, lanes: readonly Lane[]): void {
  const act = ACTIONS[event.key];
  if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(lanes);
}

const ACTIONS: Readonly<Record<string, (lanes: readonly Lane[]) => void>> = {
  ArrowLeft: (lanes) => selectInLane(lanes, -1),
  ArrowRight: (lanes) => selectInLane(lanes, 1),
  ArrowUp: (lanes) => selectInNextLane(lanes, -1),
  ArrowDown: (lanes) => selectInNextLane(lanes, 1),
  Home: (lanes) => select(laneOfSelected(lanes)?.[0]),
  End: (lanes) => select(laneOfSelected(lanes)?.at(-1)),
  Enter: () => document.querySelector<HTMLElement>('#detail')?.focus(),
  Escape: () => (selected.value = undefined),
  PageUp: () => pan(-0.5),
  PageDown: () => pan(0.5),
  '+': () => zoom(-1),
  '-': () => zoom(1),
};

function selectInLane(lanes: readonly Lane[], step: number): void {
  const lane = laneOfSelected(lanes) ?? [];
  const at = lane.findIndex(({ requestId }) => requestId === selected.value);
  if (at === -1) select(lane.at(-1));
  else select(lane[at + step]);
}

/** Selects the bar nearest in time, in the next lane that is not empty. */
function selectInNextLane(lanes: readonly Lane[], step: number): void {
  const from = selected.value === undefined ? undefined : invocations.value.get(selected.value);
  const at = lanes.findIndex((lane) => lane.bars.some(({ invocation }) => invocation === from));
  if (from === undefined || at === -1) return selectInLane(lanes, 0);
  for (let lane = at + step; lanes[lane] !== undefined; lane += step) {
    const bars = inOrder(lanes[lane] as Lane);
    if (bars.length > 0) return select(nearest(bars, from.dispatchedAt ?? from.calledAt));
  }
}

function laneOfSelected(lanes: readonly Lane[]): InvocationState[] | undefined {
  const holds = (lane: Lane) => lane.bars.some(({ invocation }) => invocation.requestId === selected.value);
  const lane = lanes.find(holds) ?? lanes.find(({ bars }) => bars.length > 0);
  return lane === undefined ? undefined : inOrder(lane);
}

function inOrder(lane: Lane): InvocationState[] {
  return lane.bars
    .map(({ invocation }) => invocation)
    .toSorted((a, b) => (a.dispatchedAt ?? 0) - (b.dispatchedAt ?? 0));
}

function nearest(bars: readonly InvocationState[], at: number): InvocationState | undefined {
  const distance = (each: InvocationState) => Math.abs((each.dispatchedAt ?? 0) - at);
  return bars.toSorted((a, b) => distance(a) - distance(b))[0];
}

/** Selects a bar. If it is out of view, pauses the view around it. */
function select(invocation: InvocationState | undefined): void {
  if (invocation === undefined) return;
  const { requestId, dispatchedAt = 0 } = invocation;
  batch(() => {
    selected.value = requestId;
    const end = viewEnd();
    if (dispatchedAt < end - windowMs.value || dispatchedAt > end) {
      frozenAt.value = dispatchedAt + windowMs.value / 2;
    }
  });
}
