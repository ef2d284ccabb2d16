import { useComputed } from '@preact/signals';
import { clock } from '../state/format.ts';
import { viewEnd, windowMs } from '../state/view.ts';
import { px } from './bar.tsx';
import { xOf } from './scale.ts';
import { coarseNow } from './motion.ts';

/** Lines behind all lanes, with the time of day below them. */
export function TimeAxis() {
  const ticks = useComputed(() => {
    const step = stepOf(windowMs.value);
    // Read so that there are new lines as time goes on.
    const end = Math.max(coarseNow.value, 0) && viewEnd();
    const first = Math.floor((end - windowMs.value) / step) * step;
    return Array.from({ length: Math.ceil(windowMs.value / step) + 3 }, (_, index) => first + index * step);
  });
  return (
    <div class="axis" aria-hidden="true">
      <div class="axis-label">time</div>
      <div class="track">
        <div class="strip">
          {ticks.value.map((at) => (
            <div key={at} class="tick" style={{ left: px(xOf(at)) }}>
              <span>{clock(at)}</span>
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

/** Whole seconds, and about one line for each 100 px. */
function stepOf(windowMs: number): number {
  return STEPS_MS.find((step) => windowMs / step <= 8) ?? 120_000;
}

const STEPS_MS = [500, 1_000, 2_000, 5_000, 15_000, 60_000, 120_000];
