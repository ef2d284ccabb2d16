import { computed, signal } from '@preact/signals';
import { windowMs } from '../state/view.ts';

/** The width of the lanes' tracks, in px. */
export const trackWidth = signal(700);

export const pxPerMs = computed(() => trackWidth.value / windowMs.value);

/**
 * The origin of the bars' positions. Moving the strip instead of the bars means that each bar is rendered once. The origin
 * moves every hour, before positions exceed the precision of browsers.
 */
const origin = signal(Date.now());

/** Moves the origin if the instant is far from it. */
export function keepOriginNear(at: number): void {
  if (Math.abs(at - origin.peek()) > HOUR_MS) origin.value = at;
}

export function xOf(at: number): number {
  return (at - origin.value) * pxPerMs.value;
}

export function px(value: number): string {
  return `${Math.round(value * 10) / 10}px`;
}

/** The minimum width that is visible and clickable. */
export const MIN_PX = 3;

const HOUR_MS = 3_600_000;
