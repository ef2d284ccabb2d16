import { computed, signal } from '@preact/signals';
import { windowMs } from '../state/view.ts';

/** Of the lanes' tracks, in px. */
export const trackWidth = signal(700);

export const pxPerMs = computed(() => trackWidth.value / windowMs.value);

/**
 * Bars are placed from here on, and what they lie on is moved: so a bar is drawn once. Only after an hour all are drawn
 * anew, before positions become larger than browsers can tell apart.
 */
const origin = signal(Date.now());

/** Moves the origin if that instant is far from it. */
export function keepOriginNear(at: number): void {
  if (Math.abs(at - origin.peek()) > HOUR_MS) origin.value = at;
}

export function xOf(at: number): number {
  return (at - origin.value) * pxPerMs.value;
}

export function px(value: number): string {
  return `${Math.round(value * 10) / 10}px`;
}

/** Less could not be seen, nor hit. */
export const MIN_PX = 3;

const HOUR_MS = 3_600_000;
