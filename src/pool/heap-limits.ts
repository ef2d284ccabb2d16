import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * What V8 is told of a thread's limits, so that the guard comes first: to be called right before each thread starts.
 *
 * V8's flags go before what a thread is given, and end the process where the guard would end the thread. They belong to the
 * process and are read by each isolate as it is made, so they are taken back for the threads; the main thread keeps what
 * it has. What they ask for is in the limits already. Code of a handler may set them again at any time.
 */
export function hardLimits(limits: ResourceLimits): ResourceLimits {
  for (const flag of FLAGS) setFlagsFromString(flag);
  const { maxOldGenerationSizeMb: limitMb } = limits;
  return limitMb === undefined ? limits : { ...limits, maxOldGenerationSizeMb: limitMb * 3 + 1024 };
}

/** The size at which a heap is over its limit whatever part of it is garbage, in MiB. */
export function certainlyOver({
  maxOldGenerationSizeMb = Infinity,
  maxYoungGenerationSizeMb = 0,
}: ResourceLimits): number {
  const moreYoungMiB = (Math.max(0, maxYoungGenerationSizeMb - USUAL_YOUNG_MIB) * 2) / 3;
  return Math.max(maxOldGenerationSizeMb * MAX_GARBAGE, FIRST_COLLECTION_MIB) + YOUNG_MIB + moreYoungMiB;
}

const FLAGS = [
  '--max-old-space-size=0',
  '--max-heap-size=0',
  '--max-semi-space-size=0',
  // V8 starts to collect when a heap has grown by 50 % since the last time; without it that can be 300 %.
  '--heap-growing-percent=50',
];

/** While V8 marks, the heap grows on: measured, to twice its live size. */
const MAX_GARBAGE = 2.2;

/** Before its first collection a heap grows to some 150 MiB, however little of that is live. */
const FIRST_COLLECTION_MIB = 256;

/** What the young generation adds; it fills two of its three parts where it is larger than usual. */
const YOUNG_MIB = 32;
const USUAL_YOUNG_MIB = 192;
