/** Most invocations at once for each vCPU of an execution environment. */
export const MOST_SLOTS_PER_VCPU = 64;
/** No environment has more. */
export const MOST_VCPUS = 16;
export const MOST_ENVIRONMENT_MIB = 32 * 1024;
/** What there can be of memory for each vCPU, ascending. */
export const GIB_PER_VCPU: readonly number[] = [2, 4, 8];
