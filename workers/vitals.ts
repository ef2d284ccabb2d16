import { readlinkSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ThreadVitals } from '../src/protocol.ts';

/** What the main thread can look at without asking this thread. Begins to sample. */
export function openVitals(): ThreadVitals {
  delay.enable();
  return { osThread: osThread(), eventLoopDelay: { histogram: delay, resolutionMs: RESOLUTION_MS } };
}

/** Each sample wakes its thread up: seldom, since there may be hundreds of them. */
const RESOLUTION_MS = 100;

/** It samples for as long as something here refers to it. */
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

function osThread(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}
