import { signal } from '@preact/signals';
import { serverNow } from '../state/store.ts';
import { frozenAt, viewEnd } from '../state/view.ts';
import { keepOriginNear, MIN_PX, px, pxPerMs, trackWidth, xOf } from './scale.ts';

/** The server's clock, updated a few times per second, for parts that are rendered again as time passes. */
export const coarseNow = signal(0);

/** Animates the lanes in `body`: moves the strips that hold the bars, and widens only open bars. */
export function move(body: HTMLElement): () => void {
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let last = 0;
  let request = requestAnimationFrame(function next(at) {
    request = requestAnimationFrame(next);
    if (at - last < (reducedMotion.matches ? REDUCED_MOTION_FRAME_MS : FRAME_MS)) return;
    last = at;
    keepOriginNear(viewEnd());
    place(body);
    const now = serverNow();
    // The clock may also move backwards when it is corrected.
    if (Math.abs(now - coarseNow.value) > COARSE_MS && frozenAt.value === undefined) coarseNow.value = now;
  });
  return () => cancelAnimationFrame(request);
}

export function place(body: HTMLElement): void {
  const shift = `translateX(${(trackWidth.value - xOf(viewEnd())).toFixed(2)}px)`;
  for (const strip of body.querySelectorAll<HTMLElement>('.strip')) strip.style.transform = shift;
  const now = serverNow();
  for (const open of body.querySelectorAll<HTMLElement>('.open')) {
    open.style.width = px(Math.max(MIN_PX, (now - Number(open.dataset['from'])) * pxPerMs.value));
  }
}

const FRAME_MS = 1000 / 31;
const REDUCED_MOTION_FRAME_MS = 500;
const COARSE_MS = 250;
