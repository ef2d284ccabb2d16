import { signal } from '@preact/signals';
import { serverNow } from './store.ts';

/** How much time the lanes show, in ms. */
export const windowMs = signal(10_000);
export const WINDOWS_MS = [2_000, 5_000, 10_000, 30_000, 120_000, 600_000];

/** The instant at the lanes' right edge; undefined: now, as it goes on. */
export const frozenAt = signal<number | undefined>(undefined);

/** The request id of what is shown in detail. */
export const selected = signal<string | undefined>(undefined);

export function viewEnd(): number {
  return frozenAt.value ?? serverNow();
}

export function togglePause(): void {
  frozenAt.value = frozenAt.value === undefined ? serverNow() : undefined;
}

/** Moves the view by a part of what it shows. It stands still from then on, unless it comes to now. */
export function pan(part: number): void {
  const end = viewEnd() + part * windowMs.value;
  frozenAt.value = end >= serverNow() ? undefined : end;
}

/** @param steps 1 for more time, -1 for less. */
export function zoom(steps: number): void {
  const at = WINDOWS_MS.indexOf(windowMs.value) + steps;
  windowMs.value = WINDOWS_MS[Math.min(Math.max(at, 0), WINDOWS_MS.length - 1)] ?? windowMs.value;
}
