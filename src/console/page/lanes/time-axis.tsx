import { computed } from '@preact/signals';
import { timeOfDay } from '../state/format.ts';
import { frozenAt, viewEnd, windowMs } from '../state/view.ts';
import { coarseNow } from './motion.ts';
import { px, trackWidth, xOf } from './scale.ts';

/** The time of day, below the lanes. */
export function TimeAxis() {
  return (
    <div class="axis" aria-hidden="true">
      <div class="axis-label">time</div>
      <div class="track">
        <div class="strip">
          {ticks.value.map((at) => (
            <div key={at} class="tick" style={{ left: px(xOf(at)) }}>
              {at % 1000 === 0 && <span>{timeOfDay(at)}</span>}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

/** Vertical lines behind the lanes. */
export function TimeGrid() {
  return (
    <div class="grid" aria-hidden="true">
      <div class="strip">
        {ticks.value.map((at) => (
          <div key={at} style={{ left: px(xOf(at)) }} />
        ))}
      </div>
    </div>
  );
}

const ticks = computed(() => {
  const step = stepOf(windowMs.value, trackWidth.value);
  // Reading the signal renders new ticks as time passes.
  const end = coarseNow.value === 0 ? viewEnd() : (frozenAt.value ?? coarseNow.value);
  const first = Math.floor((end - windowMs.value) / step) * step;
  return Array.from({ length: Math.ceil(windowMs.value / step) + 3 }, (_, index) => first + index * step);
});

/** At most one line per {@link LABEL_PX}. Lines between full seconds have no label. */
function stepOf(windowMs: number, width: number): number {
  return STEPS_MS.find((step) => (windowMs / step) * LABEL_PX <= width) ?? 300_000;
}

const STEPS_MS = [500, 1_000, 2_000, 5_000, 15_000, 60_000, 120_000, 300_000];
const LABEL_PX = 80;
