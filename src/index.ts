/**
 * For the bootstrap of a function: what makes a runtime, its options, errors and figures.
 *
 * @module lambda-managed-runtime
 */
export { createManagedRuntime } from './managed-runtime.ts';
export type { ManagedRuntime } from './managed-runtime.ts';
export type { ManagedRuntimeOptions, OnDeadline } from './settings.ts';
export { ManagedRuntimeError } from './errors.ts';
export type { ManagedRuntimeErrorCode } from './errors.ts';
export type {
  Distribution,
  EventLoopStats,
  RuntimeStats,
  SlotStats,
  StatsSource,
  ThreadsStats,
  ThreadStats,
} from './observing/stats.ts';
export type { InvocationOutcome } from './observing/invocation-report.ts';
export type { FailureCause, ThreadEndCause } from './observing/observer.ts';
export type { Delivery } from './invocation/outcome.ts';
