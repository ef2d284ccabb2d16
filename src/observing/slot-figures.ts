import { monotonicMs } from '../invocation/monotonic.ts';
import type { SlotStats } from './stats.ts';

type SlotState = 'waiting' | 'polling' | 'busy' | 'stopped';

/** What the slots do, and how long they were busy. */
export class SlotFigures {
  readonly #states: SlotState[];
  readonly #since: number[];
  #busyMs = 0;

  constructor(count: number) {
    this.#states = Array.from({ length: count }, () => 'waiting');
    this.#since = Array.from({ length: count }, () => 0);
  }

  becomes(slot: number, state: SlotState): void {
    if (state === 'busy') this.#since[slot] = monotonicMs();
    else if (this.#states[slot] === 'busy') this.#busyMs += this.#busySince(slot);
    this.#states[slot] = state;
  }

  snapshot(): SlotStats {
    const stats = { total: this.#states.length, waiting: 0, polling: 0, busy: 0, stopped: 0 };
    let busyMs = this.#busyMs;
    for (const [slot, state] of this.#states.entries()) {
      stats[state] += 1;
      if (state === 'busy') busyMs += this.#busySince(slot);
    }
    return { ...stats, busyMs: Math.round(busyMs) };
  }

  #busySince(slot: number): number {
    return monotonicMs() - (this.#since[slot] ?? 0);
  }
}
