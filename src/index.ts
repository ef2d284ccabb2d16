export { createManagedRuntime } from './managed-runtime.ts';
export type { ManagedRuntime } from './managed-runtime.ts';
export type { RuntimeStats } from './observing/stats.ts';
export { ManagedRuntimeError } from './errors.ts';
export type { ManagedRuntimeErrorCode } from './errors.ts';
export type { ManagedRuntimeOptions, OnDeadline } from './settings.ts';
