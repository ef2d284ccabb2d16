import type { ManagedRuntimeOptions } from '../../settings.ts';

/** Options of a runtime that name modules. */
export type Modules = Pick<ManagedRuntimeOptions, 'services' | 'sharedData' | 'codec' | 'preload'>;

/** What `bench` tells the process that it measures, as its only argument. */
export interface RuntimeSettings extends Modules {
  readonly workerFile: string;
  readonly concurrency: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
}

/** What that process answers to any message, and says when it cannot go on. */
export type FromRuntime =
  | {
      readonly type: 'figures';
      /** On its own clock. */
      readonly atMs: number;
      readonly cpuMs: number;
      /** How long its threads were ready to run and had no core. */
      readonly coreDelayMs: number;
      readonly peakMemoryMiB: number;
      readonly startingThreads: number;
      /** Slots that have room. */
      readonly usableSlots: number;
    }
  | { readonly type: 'failed'; readonly message: string };

export type Figures = Extract<FromRuntime, { type: 'figures' }>;
