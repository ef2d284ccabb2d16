import type { ContenderName } from '../contenders/contender.ts';
import type { LatencyReport } from '../load/protocol.ts';
import type { CpuTime } from '../proc/cpu.ts';
import type { Metric } from '../scenarios/scenario.ts';

/** The measurement of one contender in one run of a scenario. */
export interface Sample {
  readonly scenario: string;
  readonly contender: ContenderName;
  /** The contender's name, with its setting if there are several. */
  readonly label: string;
  readonly round: number;
  readonly metrics: Readonly<Partial<Record<Metric, number>>>;
  /** The runtime's CPU time, in µs per invocation. */
  readonly cpu?: CpuTime;
  /** The load process's CPU time, in µs per invocation and as a share of one core. It must not limit the runtime. */
  readonly load?: { readonly cpuUs: number; readonly busy: number };
  /** The share of the machine that other programs used, 0 to 1. Above a few percent, the measurement is unreliable. */
  readonly others?: number;
  readonly invocations?: number;
  readonly latencies?: Readonly<Record<string, LatencyReport>>;
}

/** A contender that failed. */
export interface Failure {
  readonly scenario: string;
  readonly contender: ContenderName;
  readonly label: string;
  readonly round: number;
  readonly message: string;
}
