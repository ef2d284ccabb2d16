import type { ContenderName } from '../contenders/contender.ts';

/** What is measured, and what is to come out. One file a scenario. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly contenders: readonly ContenderName[];
  /** A file in `handlers/`, without its ending. */
  readonly handler: string;
  readonly slots: number;
  readonly threads: number;
  /** `runtime-on-one-core`: so that CPU time isn't blurred by how the system spreads threads. */
  readonly pinning: 'none' | 'runtime-on-one-core';
  readonly load: Load;
  readonly goals: readonly Goal[];
  /** Whether `--quick` runs it. */
  readonly quick: boolean;
  /** Sizes of libuv's pool that aws-lambda-ric is tried with; the best counts. */
  readonly ricThreadpools?: readonly number[];
}

/** How the runtime is loaded, and for how long: in full and with `--quick`. */
export type Load =
  | {
      /** Each poll gets an event at once. */
      readonly kind: 'saturation';
      readonly event: Event;
      readonly extent: Extent;
      /** No more events at once than there are slots: Lambda's own limit, whatever is polled. */
      readonly limited?: boolean;
      /** Where a quarter of the extent is too short: each thread compiles its code for itself. */
      readonly warmUpSeconds?: Sized;
    }
  | {
      /** Poisson arrivals, so many that `load` of all cores is busy with the handlers' work. */
      readonly kind: 'poisson';
      readonly load: number;
      readonly seconds: Sized;
      /** The first class is the one whose latencies the goals are about. */
      readonly classes: readonly WorkClass[];
    }
  | {
      /** The runtime is started anew, so many times; no event. */
      readonly kind: 'starts';
      readonly starts: Sized;
    };

type Extent = { readonly seconds: Sized } | { readonly events: Sized };

export interface Sized {
  readonly full: number;
  readonly quick: number;
}

export interface WorkClass {
  readonly name: string;
  readonly share: number;
  readonly cpuMs: number;
}

export type Event =
  | { readonly kind: 'json'; readonly value: unknown }
  /** A JSON string of that many bytes. */
  | { readonly kind: 'filled'; readonly bytes: number }
  /** Work that costs that much CPU time on this machine. */
  | { readonly kind: 'cpu'; readonly cpuMs: number };

/** Ours ÷ theirs, and what it should be. */
interface Goal {
  readonly metric: Metric;
  readonly against: Reference;
  readonly ratio: number;
}

export type Reference =
  | { readonly contender: ContenderName }
  /** Ours in another scenario. */
  | { readonly scenario: string };

/** Everything that is measured, with its unit and which way is good. */
export const METRICS = {
  rate: { title: 'invocations/s', better: 'higher' },
  cpuUs: { title: 'CPU µs/invocation', better: 'lower' },
  p50Ms: { title: 'p50 ms', better: 'lower' },
  p99Ms: { title: 'p99 ms', better: 'lower' },
  startMs: { title: 'ms to first /next', better: 'lower' },
  peakMiB: { title: 'peak MiB', better: 'lower' },
} as const satisfies Record<string, { title: string; better: 'higher' | 'lower' }>;

export type Metric = keyof typeof METRICS;
