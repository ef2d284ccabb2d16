/** Compiled, never run: the types of `lambda-managed-runtime`. */
import type { Readable } from 'node:stream';
import type { ResourceLimits } from 'node:worker_threads';
import type { Logger } from 'pino';
import { expectTypeOf } from 'vitest';
import { createManagedRuntime, ManagedRuntimeError } from '../../src/index.ts';
import type {
  CallFrame,
  CpuProfile,
  CpuProfileNode,
  CpuProfiles,
  DeliveryStatus,
  Distribution,
  EventLoopStats,
  FailureCause,
  HeapProfile,
  HeapProfileNode,
  HeapProfiles,
  InvocationOutcome,
  LogInvocations,
  ManagedRuntime,
  ManagedRuntimeErrorCode,
  ManagedRuntimeOptions,
  MissingProfile,
  OnDeadline,
  ProfileInvocation,
  ProfileOptions,
  Profiles,
  RuntimeStats,
  SlotStats,
  StatsSource,
  ThreadCpuProfile,
  ThreadEndCause,
  ThreadProfile,
  ThreadsStats,
  ThreadStats,
} from '../../src/index.ts';

expectTypeOf(createManagedRuntime).parameters.toEqualTypeOf<
  [workerFile: string | URL, options?: ManagedRuntimeOptions | undefined]
>();
expectTypeOf(createManagedRuntime).returns.toEqualTypeOf<ManagedRuntime>();

expectTypeOf<ManagedRuntime>().toEqualTypeOf<{
  run(): Promise<void>;
  stop(): Promise<void>;
  stats(): RuntimeStats;
  profileCpu(options: ProfileOptions): Promise<CpuProfiles>;
  heapProfile(options: ProfileOptions): Promise<HeapProfiles>;
  heapSnapshot(thread: number): Promise<Readable>;
  [Symbol.asyncDispose](): Promise<void>;
}>();
expectTypeOf<ManagedRuntime>().toExtend<AsyncDisposable & StatsSource>();

/** Each may be omitted or undefined, so that values from `process.env` can be passed as they are. */
expectTypeOf<ManagedRuntimeOptions>().toEqualTypeOf<{
  readonly handler?: string | undefined;
  readonly codec?: string | URL | undefined;
  readonly concurrency?: number | undefined;
  readonly threads?: number | undefined;
  readonly invocationsPerThread?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly runtimeApi?: string | undefined;
  readonly logger?: Logger | undefined;
  readonly outputTimeoutMs?: number | undefined;
  readonly logInvocations?: LogInvocations | boolean | undefined;
  readonly deadlineMarginMs?: number | undefined;
  readonly deadlineGraceMs?: number | undefined;
  readonly onDeadline?: OnDeadline | undefined;
  readonly initTimeoutMs?: number | undefined;
  readonly threadRecoveryTimeoutMs?: number | undefined;
  readonly shutdownTimeoutMs?: number | undefined;
  readonly registerExtension?: boolean | undefined;
  readonly resourceLimits?: ResourceLimits | undefined;
  readonly maxInvocationsPerThread?: number | undefined;
  readonly maxThreadHeapMb?: number | undefined;
  readonly preload?: readonly (string | URL)[] | undefined;
  readonly services?: string | URL | undefined;
  readonly sharedData?: string | URL | undefined;
  readonly onShutdown?: (() => unknown) | undefined;
}>();
expectTypeOf<LogInvocations>().toEqualTypeOf<'failures' | 'all' | 'none'>();
expectTypeOf<OnDeadline>().toEqualTypeOf<'terminate' | 'keep' | 'exit'>();
// @ts-expect-error an unknown option is refused
createManagedRuntime('handler.js', { concurency: 4 });
// @ts-expect-error a string is not a number
createManagedRuntime('handler.js', { concurrency: '4' });

expectTypeOf<ManagedRuntimeError>().toExtend<Error>();
expectTypeOf<ManagedRuntimeError['name']>().toEqualTypeOf<'ManagedRuntimeError'>();
expectTypeOf<ManagedRuntimeError['code']>().toEqualTypeOf<ManagedRuntimeErrorCode>();
expectTypeOf(ManagedRuntimeError).constructorParameters.toEqualTypeOf<
  [code: ManagedRuntimeErrorCode, message: string, options?: ErrorOptions | undefined]
>();

/** Has no `default`, so that a missing case is an error: the function would not return a value. */
export function exhausted(code: ManagedRuntimeErrorCode): number {
  switch (code) {
    case 'CONFIG_INVALID':
    case 'ALREADY_RUNNING':
    case 'ALREADY_STOPPED':
      return 64;
    case 'INIT_FAILED':
    case 'RUNTIME_API_UNREACHABLE':
    case 'NO_THREADS':
    case 'DEADLINE_EXCEEDED':
    case 'LOCAL_SERVER_FAILED':
    case 'HANDLER_CRASHED':
    case 'PROFILING_UNAVAILABLE':
      return 1;
  }
}
// @ts-expect-error there are no other codes
exhausted('OUT_OF_ORDER');

expectTypeOf<StatsSource>().toEqualTypeOf<{ stats(): RuntimeStats }>();
expectTypeOf<RuntimeStats>().toEqualTypeOf<{
  readonly state: 'idle' | 'running' | 'stopped';
  readonly functionName: string;
  readonly uptimeMs: number;
  readonly slots: SlotStats;
  readonly threads: ThreadsStats;
  readonly inFlight: number;
  readonly received: number;
  readonly answered: Readonly<Record<'response' | 'error' | 'deadline' | 'crash' | 'shutdown', number>>;
  readonly undelivered: Readonly<Record<'replaced' | 'late' | 'aborted' | 'failed', number>>;
  readonly missedDeadlines: number;
  readonly runtimeApi: {
    readonly pollRetries: number;
    readonly answerRetries: number;
    readonly malformedEvents: number;
  };
  readonly durationMs: Distribution;
  readonly dispatchMs: Distribution;
  readonly longHandlers: { readonly handlerMs: Distribution; readonly cpuMs: Distribution };
  readonly mainThread: EventLoopStats;
  readonly processCpuMs: number;
}>();
expectTypeOf<SlotStats>().toEqualTypeOf<
  Readonly<Record<'total' | 'waiting' | 'polling' | 'busy' | 'stopped' | 'busyMs', number>>
>();
expectTypeOf<ThreadsStats>().toEqualTypeOf<{
  readonly starting: number;
  readonly idle: number;
  readonly busy: number;
  readonly retiring: number;
  readonly replaced: Readonly<
    Record<'exit' | 'uncaughtError' | 'deadline' | 'outOfMemory' | 'recycled' | 'startFailed', number>
  >;
  readonly each: readonly ThreadStats[];
}>();
expectTypeOf<ThreadStats>().toExtend<EventLoopStats>();
expectTypeOf<Omit<ThreadStats, keyof EventLoopStats>>().toEqualTypeOf<{
  readonly thread: number;
  readonly state: 'starting' | 'idle' | 'busy' | 'retiring';
  readonly inFlight: number;
  readonly received: number;
}>();
expectTypeOf<EventLoopStats>().toEqualTypeOf<{
  readonly activeMs: number;
  readonly utilization: number;
  readonly eventLoopDelayMs: Distribution;
  readonly cpuMs?: number;
}>();
expectTypeOf<Distribution>().toEqualTypeOf<
  Readonly<Record<'count' | 'mean' | 'p50' | 'p90' | 'p99' | 'max', number>>
>();
expectTypeOf<InvocationOutcome>().toEqualTypeOf<keyof RuntimeStats['answered']>();
expectTypeOf<FailureCause>().toEqualTypeOf<Exclude<InvocationOutcome, 'response' | 'error'>>();
expectTypeOf<DeliveryStatus>().toEqualTypeOf<'delivered' | keyof RuntimeStats['undelivered']>();
expectTypeOf<ThreadEndCause>().toEqualTypeOf<keyof ThreadsStats['replaced']>();

expectTypeOf<ProfileOptions>().toEqualTypeOf<{
  readonly seconds: number;
  readonly threads?: readonly number[] | undefined;
}>();
expectTypeOf<CpuProfiles>().toEqualTypeOf<Profiles<ThreadCpuProfile>>();
expectTypeOf<HeapProfiles>().toEqualTypeOf<Profiles<HeapProfile>>();
expectTypeOf<Profiles<string>>().toEqualTypeOf<{
  readonly profiles: readonly ThreadProfile<string>[];
  readonly missing: readonly MissingProfile[];
}>();
expectTypeOf<ThreadProfile<string>>().toEqualTypeOf<{
  readonly thread: number;
  readonly name: string;
  readonly profile: string;
}>();
expectTypeOf<MissingProfile>().toEqualTypeOf<
  Readonly<Record<'name' | 'reason', string> & { thread: number }>
>();
expectTypeOf<ThreadCpuProfile>().toExtend<CpuProfile>();
expectTypeOf<Omit<ThreadCpuProfile, keyof CpuProfile>>().toEqualTypeOf<{
  readonly title: string;
  readonly invocations: readonly ProfileInvocation[];
  readonly sampleInvocations: readonly number[];
}>();
expectTypeOf<ProfileInvocation>().toEqualTypeOf<
  Readonly<Record<'startTime' | 'endTime', number> & { requestId: string }>
>();
expectTypeOf<CpuProfile>().toEqualTypeOf<{
  readonly nodes: readonly CpuProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}>();
expectTypeOf<CpuProfileNode['callFrame']>().toEqualTypeOf<CallFrame>();
expectTypeOf<HeapProfile['head']>().toEqualTypeOf<HeapProfileNode>();
expectTypeOf<CallFrame>().toEqualTypeOf<
  Readonly<Record<'functionName' | 'url', string> & Record<'lineNumber' | 'columnNumber', number>>
>();
