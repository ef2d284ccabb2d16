import type { ContenderName } from '../contenders/contender.ts';

/** A scenario and its goals. Each scenario has its own file. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly contenders: readonly ContenderName[];
  /** The name of a file in `handlers/`, without its extension. */
  readonly handler: string;
  readonly slots: number;
  readonly threads: number;
  /** `runtime-on-one-core` makes CPU time independent of how the system distributes threads. */
  readonly pinning: 'none' | 'runtime-on-one-core';
  readonly load: Load;
  readonly goals: readonly Goal[];
  /** Whether `--quick` runs it. */
  readonly quick: boolean;
  /** The sizes of libuv's pool to measure aws-lambda-ric with. The best result counts. */
  readonly ricThreadpools?: readonly number[];
}

/** The load on the runtime and its duration, in full and with `--quick`. */
export type Load =
  | {
      /** Each poll gets an event at once. */
      readonly kind: 'saturation';
      readonly event: Event;
      readonly extent: Extent;
      /** Limits the events in flight to the number of slots, as Lambda does, however many polls are open. */
      readonly limited?: boolean;
      /** A longer warm-up, for scenarios whose threads need more time to compile their own code. */
      readonly warmUpSeconds?: Sized;
    }
  | {
      /** Poisson arrivals at a rate at which the handlers' work uses `load` of all cores. */
      readonly kind: 'poisson';
      readonly load: number;
      readonly seconds: Sized;
      /** The goals apply to the latencies of the first class. */
      readonly classes: readonly WorkClass[];
    }
  | {
      /** The runtime is started this number of times, without events. */
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
  /** A JSON string of this size in bytes. */
  | { readonly kind: 'filled'; readonly bytes: number }
  /** Work that takes this CPU time on this machine. */
  | { readonly kind: 'cpu'; readonly cpuMs: number };

/** A bound for the ratio ours ÷ theirs. */
interface Goal {
  readonly metric: Metric;
  readonly against: Reference;
  readonly ratio: number;
}

export type Reference =
  | { readonly contender: ContenderName }
  /** Compares with this package in another scenario. */
  | { readonly scenario: string };

/** All metrics, with their units and the direction that is better. */
export const METRICS = {
  rate: { title: 'invocations/s', better: 'higher' },
  cpuUs: { title: 'CPU µs/invocation', better: 'lower' },
  p50Ms: { title: 'p50 ms', better: 'lower' },
  p99Ms: { title: 'p99 ms', better: 'lower' },
  startMs: { title: 'ms to first /next', better: 'lower' },
  peakMiB: { title: 'peak MiB', better: 'lower' },
} as const satisfies Record<string, { title: string; better: 'higher' | 'lower' }>;

export type Metric = keyof typeof METRICS;
