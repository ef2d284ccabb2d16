import type { BenchRecord, Recommendation } from '../../src/cli/bench/comparison.ts';
import { MAX_VCPUS } from '../../src/cli/bench/environment-size.ts';
import { counted } from '../../src/cli/bench/measurement.ts';

/**
 * Returns what is wrong with a recommendation for a handler that computes; undefined if it is right: as many vCPUs as there
 * are cores, with about one slot for each.
 */
export function faultForComputing({ advice }: Recommendation, cores: number): string | undefined {
  const { perExecutionEnvironmentMaxConcurrency: slots, environment } = advice;
  const expected = Math.min(cores, MAX_VCPUS);
  if (environment.vCpus !== expected)
    return `${counted(environment.vCpus, 'vCPU')} for a handler that can use ${expected}`;
  if (slots < expected || slots > expected * MAX_SLOTS_PER_BUSY_VCPU)
    return `${counted(slots, 'slot')} on ${counted(expected, 'vCPU')} for a handler that computes`;
  return undefined;
}

const MAX_SLOTS_PER_BUSY_VCPU = 1.5;

/**
 * Returns what is wrong with a recommendation for a handler that waits for 50 ms; undefined if it is right: far more slots
 * than vCPUs, and no vCPU that the handler does not need.
 */
export function faultForWaiting(
  { advice, size }: Recommendation,
  measurements: BenchRecord['measurements'],
): string | undefined {
  const { perExecutionEnvironmentMaxConcurrency: slots, environment } = advice;
  const { vCpus } = environment;
  if (slots < vCpus * MIN_SLOTS_PER_WAITING_VCPU)
    return `${counted(slots, 'slot')} on ${counted(vCpus, 'vCPU')} for a handler that waits`;
  const at = measurements.find((each) => each.slots === size.slots && each.threads === size.threads);
  const busy = at === undefined ? 0 : (at.possiblePerSecond * at.cpu.msPerInvocation) / 1000;
  // With a vCPU less, each would still be at most half busy.
  if (vCpus > 1 && vCpus > Math.ceil(busy * 2)) return `${vCpus} vCPUs for ${busy.toFixed(2)} of a core`;
  return undefined;
}

/** Such a handler uses less than 1 ms of CPU time. */
const MIN_SLOTS_PER_WAITING_VCPU = 16;
