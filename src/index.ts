/**
 * The API for the bootstrap of a function: creates a runtime, and defines its options, errors and metrics.
 *
 * @module lambda-managed-runtime
 */
export { createManagedRuntime } from './managed-runtime.ts';
export type { ManagedRuntime } from './managed-runtime.ts';
export type { LogInvocations, ManagedRuntimeOptions, OnDeadline } from './config/options.ts';
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
} from './observability/stats.ts';
export type { CallFrame, CpuProfile, CpuProfileNode, PositionTicks } from './pool/cpu-profile.ts';
export type { HeapProfile, HeapProfileNode, HeapProfileSample } from './pool/heap-profile.ts';
export type {
  CpuProfiles,
  HeapProfiles,
  MissingProfile,
  ProfileInvocation,
  ProfileOptions,
  Profiles,
  ThreadCpuProfile,
  ThreadProfile,
} from './profiling/profiles.ts';
export type { InvocationOutcome } from './observability/observer.ts';
export type { FailureCause, ThreadEndCause } from './observability/observer.ts';
export type { DeliveryStatus } from './invocation/invocation.ts';
