import { GIB_PER_VCPU, MOST_ENVIRONMENT_MIB } from './lambda-limits.ts';

/** A size of execution environments that Lambda Managed Instances offer. */
export interface EnvironmentSize {
  readonly vCpus: number;
  readonly gibPerVCpu: number;
  readonly memoryMiB: number;
  /** False when the need is larger than what so many vCPUs can have. */
  readonly fits: boolean;
}

/**
 * The least memory for so many vCPUs that holds what was measured and a third on top: memory grows for a while, longer
 * than a bench.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 */
export function environmentSize(peakMemoryMiB: number, vCpus: number): EnvironmentSize {
  const need = peakMemoryMiB * HEADROOM;
  const sizes = GIB_PER_VCPU.map((gibPerVCpu) => ({
    vCpus,
    gibPerVCpu,
    memoryMiB: vCpus * gibPerVCpu * 1024,
  }));
  const offered = sizes.filter(({ memoryMiB }) => memoryMiB <= MOST_ENVIRONMENT_MIB);
  const enough = offered.find(({ memoryMiB }) => memoryMiB >= need);
  return { ...(enough ?? (offered.at(-1) as Omit<EnvironmentSize, 'fits'>)), fits: enough !== undefined };
}

const HEADROOM = 4 / 3;
