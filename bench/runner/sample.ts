import type { ContenderName } from '../contenders/contender.ts';
import type { LatencyReport } from '../load/protocol.ts';
import type { CpuTime } from '../proc/cpu.ts';
import type { Metric } from '../scenarios/scenario.ts';

/** What one contender did in one scenario, once. */
export interface Sample {
  readonly scenario: string;
  readonly contender: ContenderName;
  /** The contender's name, with its setting where several are tried. */
  readonly label: string;
  readonly round: number;
  readonly metrics: Readonly<Partial<Record<Metric, number>>>;
  /** Of the runtime, in µs per invocation. */
  readonly cpu?: CpuTime;
  /** Of the load process: in µs per invocation, and as a part of one core. It must not be what limits the runtime. */
  readonly load?: { readonly cpuUs: number; readonly busy: number };
  /** The part of the machine that other processes used meanwhile, 0 to 1: above a few hundredths the figures are noise. */
  readonly others?: number;
  readonly invocations?: number;
  readonly latencies?: Readonly<Record<string, LatencyReport>>;
}

/** A contender that didn't get through. */
export interface Failure {
  readonly scenario: string;
  readonly contender: ContenderName;
  readonly label: string;
  readonly round: number;
  readonly message: string;
}
