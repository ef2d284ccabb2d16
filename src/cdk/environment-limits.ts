/** What a function asks of an execution environment. Undefined values are known at deployment only. */
export interface EnvironmentSize {
  /** MiB. */
  readonly memorySize: number | undefined;
  /** GiB. */
  readonly memoryPerVCpu: number | undefined;
  readonly concurrency: number | undefined;
  readonly minEnvironments: number | undefined;
  readonly maxEnvironments: number | undefined;
}

const MIN_MEMORY_MIB = 2048;
const MEMORY_PER_VCPU_GIB: readonly number[] = [2, 4, 8];
const MAX_CONCURRENCY = 1600;
const MAX_CONCURRENCY_PER_VCPU = 64;

/** The number of vCPUs of an execution environment, which can be a fraction. */
export function vCpusOf({ memorySize, memoryPerVCpu }: EnvironmentSize): number | undefined {
  if (memorySize === undefined || memoryPerVCpu === undefined) return undefined;
  return memorySize / 1024 / memoryPerVCpu;
}

/** Describes what Lambda Managed Instances would refuse at deployment. */
export function refusalsOf(size: EnvironmentSize): string[] {
  const { memorySize, memoryPerVCpu, concurrency } = size;
  const refusals: string[] = [];
  if (memorySize !== undefined && !(memorySize >= MIN_MEMORY_MIB))
    refusals.push(`memorySize is ${memorySize} MiB, but Lambda Managed Instances need at least 2048 MiB`);
  if (memoryPerVCpu !== undefined && !MEMORY_PER_VCPU_GIB.includes(memoryPerVCpu))
    refusals.push(`memoryPerVCpu is ${memoryPerVCpu} GiB, but it must be 2, 4 or 8`);
  const vCpus = vCpusOf(size);
  if (refusals.length === 0 && vCpus !== undefined && vCpus < 1)
    refusals.push(
      `memorySize is ${memorySize} MiB, but ${memoryPerVCpu} GiB per vCPU need at least ${(memoryPerVCpu ?? 0) * 1024} MiB`,
    );
  if (concurrency !== undefined) refusals.push(...concurrencyRefusals(concurrency, vCpus));
  return [...refusals, ...scalingRefusals(size)];
}

function concurrencyRefusals(concurrency: number, vCpus: number | undefined): string[] {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY)
    return [`concurrency is ${concurrency}, but it must be a whole number from 1 to ${MAX_CONCURRENCY}`];
  if (vCpus === undefined || !(concurrency > vCpus * MAX_CONCURRENCY_PER_VCPU)) return [];
  return [
    `concurrency is ${concurrency}, but an environment with ${vCpus} vCPUs takes at most ${vCpus * MAX_CONCURRENCY_PER_VCPU} (${MAX_CONCURRENCY_PER_VCPU} per vCPU)`,
  ];
}

function scalingRefusals({ minEnvironments: min, maxEnvironments: max }: EnvironmentSize): string[] {
  if ((min === undefined) !== (max === undefined))
    return ['minEnvironments and maxEnvironments must be set together'];
  return min !== undefined && max !== undefined && min > max
    ? [`minEnvironments is ${min}, which is more than maxEnvironments, ${max}`]
    : [];
}
