import { setFlagsFromString } from 'node:v8';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * The limits that V8 receives for a thread, high enough that the heap guard acts first. Must be called right before each
 * thread starts.
 *
 * V8's heap flags take precedence over `resourceLimits` and would abort the process where the heap guard terminates one
 * thread. The flags belong to the process, and each isolate reads them when it is created, so they are reset here for the
 * threads; the main thread keeps its limits. `resourceLimits` already includes the values of the flags. The reset is repeated
 * for each thread because a handler may set the flags again.
 */
export function v8Limits(limits: ResourceLimits): ResourceLimits {
  for (const flag of HEAP_FLAGS) setFlagsFromString(flag);
  const { maxOldGenerationSizeMb: limitMb } = limits;
  return limitMb === undefined ? limits : { ...limits, maxOldGenerationSizeMb: limitMb * 3 + 1024 };
}

/** The size in MiB above which a heap exceeds its limit regardless of how much of it is garbage. */
export function certainHeapLimitMiB({
  maxOldGenerationSizeMb = Infinity,
  maxYoungGenerationSizeMb = 0,
}: ResourceLimits): number {
  const extraYoungMiB = (Math.max(0, maxYoungGenerationSizeMb - USUAL_YOUNG_MIB) * 2) / 3;
  return Math.max(maxOldGenerationSizeMb * MAX_GARBAGE, FIRST_COLLECTION_MIB) + YOUNG_MIB + extraYoungMiB;
}

/**
 * Makes V8 collect when a heap has grown by 50 % since the last collection. Without the flag, growth can reach 300 %. V8 reads
 * the flag at each collection.
 *
 * V8 refuses Node.js's compiled code if a flag such as this one differs from the build of Node.js. The start of a thread then
 * takes 15 ms more of CPU time, so the flag should be set after the start of threads.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=50');
}

const HEAP_FLAGS = ['--max-old-space-size=0', '--max-heap-size=0', '--max-semi-space-size=0'];

/** The heap keeps growing while V8 marks; measurements show up to twice its live size. */
const MAX_GARBAGE = 2.2;

/** Before its first collection a heap grows to about 150 MiB, however little of it is live. */
const FIRST_COLLECTION_MIB = 256;

/** The young generation's share. A larger young generation than usual fills two of its three parts. */
const YOUNG_MIB = 32;
const USUAL_YOUNG_MIB = 192;
