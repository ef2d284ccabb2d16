import { computed, signal } from '@preact/signals';
import { windowMs } from '../state/view.ts';

/** Of the lanes' tracks, in px. */
export const trackWidth = signal(700);

export const pxPerMs = computed(() => trackWidth.value / windowMs.value);

/** Bars are placed from here on, and what they lie on is moved: so a bar is drawn once. */
const ORIGIN = Date.now();

export function xOf(at: number): number {
  return (at - ORIGIN) * pxPerMs.value;
}
