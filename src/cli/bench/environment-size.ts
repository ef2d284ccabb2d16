/** A size of an execution environment on Lambda Managed Instances. */
export interface EnvironmentSize {
  /** The number of vCPUs. */
  readonly vCpus: number;
  /** The number of vCPUs that the CPU time needs. `vCpus` is larger if only more vCPUs can have the memory. */
  readonly vCpusForCpuTime: number;
  /** The setting `ExecutionEnvironmentMemoryGiBPerVCpu`. */
  readonly gibPerVCpu: number;
  /** The setting `MemorySize`, in MiB. */
  readonly memoryMiB: number;
  /** False if no execution environment can have the required memory. */
  readonly fits: boolean;
}

/**
 * Returns the smallest memory size that holds the measured peak plus a third, with the given number of vCPUs or, if that
 * number cannot have so much memory, with as few more as possible. The headroom is for memory that grows over a longer time
 * than the benchmark runs.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 */
export function environmentSize(peakMemoryMiB: number, vCpusForCpuTime: number): EnvironmentSize {
  const offered = range(vCpusForCpuTime, MAX_VCPUS).flatMap(sizesWith);
  const enough = offered.find(({ memoryMiB }) => memoryMiB >= peakMemoryMiB * HEADROOM);
  const chosen = enough ?? (sizesWith(vCpusForCpuTime).at(-1) as Size);
  return { ...chosen, vCpusForCpuTime, fits: enough !== undefined };
}

type Size = Pick<EnvironmentSize, 'vCpus' | 'gibPerVCpu' | 'memoryMiB'>;

function sizesWith(vCpus: number): Size[] {
  return GIB_PER_VCPU.map((gibPerVCpu) => ({
    vCpus,
    gibPerVCpu,
    memoryMiB: vCpus * gibPerVCpu * 1024,
  })).filter(({ memoryMiB }) => memoryMiB <= MAX_ENVIRONMENT_MIB);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const HEADROOM = 4 / 3;

/** The maximum concurrency per vCPU of an execution environment. */
export const MAX_SLOTS_PER_VCPU = 64;
/** The maximum number of vCPUs of an execution environment. */
export const MAX_VCPUS = 16;
/** The maximum memory of an execution environment. */
export const MAX_ENVIRONMENT_MIB = 32 * 1024;
/** The possible GiB of memory per vCPU, ascending. */
const GIB_PER_VCPU: readonly number[] = [2, 4, 8];

/**
 * Returns the number of vCPUs for a number of busy cores, without the limit of an environment. A handler that computes may use
 * its vCPUs fully; one that waits keeps a part free, so that its events find a core when they are ready.
 */
export function vCpusFor(busyCores: number, waits: boolean): number {
  return Math.max(1, Math.ceil(waits ? busyCores / MAX_BUSY_SHARE : busyCores - MINOR_CORE));
}

/** The share of its vCPUs that a handler that waits may keep busy. */
export const MAX_BUSY_SHARE = 0.8;
/** The part of a core that needs no vCPU: V8's helper threads and the main thread use that much beside the handler. */
const MINOR_CORE = 0.15;
