import { signal } from '@preact/signals';
import { serverNow } from './store.ts';

/** The time range of the lanes, in ms. */
export const windowMs = signal(10_000);
export const WINDOWS_MS = [2_000, 5_000, 10_000, 30_000, 120_000, 600_000];

/** The instant at the right edge of the lanes; undefined while the view is live. */
export const frozenAt = signal<number | undefined>(undefined);

/** The request id of the selected invocation. */
export const selected = signal<string | undefined>(undefined);

export function viewEnd(): number {
  return frozenAt.value ?? serverNow();
}

export function togglePause(): void {
  frozenAt.value = frozenAt.value === undefined ? serverNow() : undefined;
}

/** Moves the view by a fraction of its range and pauses it. A view that reaches the present is live again. */
export function pan(part: number): void {
  const end = viewEnd() + part * windowMs.value;
  frozenAt.value = end >= serverNow() ? undefined : end;
}

/** Changes the time range. @param steps 1 for a longer range, -1 for a shorter one. */
export function zoom(steps: number): void {
  const at = WINDOWS_MS.indexOf(windowMs.value) + steps;
  windowMs.value = WINDOWS_MS[Math.min(Math.max(at, 0), WINDOWS_MS.length - 1)] ?? windowMs.value;
}
