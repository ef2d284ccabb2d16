import { signal } from '@preact/signals';
import { serverNow } from '../state/store.ts';
import { frozenAt, viewEnd } from '../state/view.ts';
import { keepOriginNear, MIN_PX, px, pxPerMs, trackWidth, xOf } from './scale.ts';

/** The server's clock, a few times a second: for what is drawn anew as time goes on. */
export const coarseNow = signal(0);

/** Keeps what lies in `body` moving; what the bars lie on is moved, and only those that are open grow. */
export function move(body: HTMLElement): () => void {
  const stillness = matchMedia('(prefers-reduced-motion: reduce)');
  let last = 0;
  let request = requestAnimationFrame(function next(at) {
    request = requestAnimationFrame(next);
    if (at - last < (stillness.matches ? CALM_MS : FRAME_MS)) return;
    last = at;
    keepOriginNear(viewEnd());
    place(body);
    const now = serverNow();
    // In both directions: it may be set anew.
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
const CALM_MS = 500;
const COARSE_MS = 250;
