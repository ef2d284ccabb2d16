/** Compiled, never run: nothing that the package exports is or contains `any`. */
import type { Readable, Writable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import type { ProxyMethods } from 'comlink';
import type { Logger } from 'pino';
import { expectTypeOf } from 'vitest';
import type * as bench from '../../src/cli/bench/index.ts';
import type * as emf from '../../src/emf/index.ts';
import type * as bootstrap from '../../src/index.ts';
import type * as otel from '../../src/otel/index.ts';
import type * as testing from '../../src/testing/runtime-api.ts';
import type * as worker from '../../workers/index.ts';

interface Values {
  /** Without the class, which inherits `any` from the Error of Node.js. `Types` has its instances. */
  bootstrap: Omit<typeof bootstrap, 'ManagedRuntimeError'>;
  worker: typeof worker;
  bench: typeof bench;
  emf: typeof emf;
  otel: typeof otel;
  testing: typeof testing;
}

interface Types {
  CallFrame: bootstrap.CallFrame;
  CpuProfile: bootstrap.CpuProfile;
  CpuProfileNode: bootstrap.CpuProfileNode;
  CpuProfiles: bootstrap.CpuProfiles;
  DeliveryStatus: bootstrap.DeliveryStatus;
  Distribution: bootstrap.Distribution;
  EventLoopStats: bootstrap.EventLoopStats;
  FailureCause: bootstrap.FailureCause;
  HeapProfile: bootstrap.HeapProfile;
  HeapProfileNode: bootstrap.HeapProfileNode;
  HeapProfileSample: bootstrap.HeapProfileSample;
  PositionTicks: bootstrap.PositionTicks;
  HeapProfiles: bootstrap.HeapProfiles;
  InvocationOutcome: bootstrap.InvocationOutcome;
  ManagedRuntime: bootstrap.ManagedRuntime;
  ManagedRuntimeError: bootstrap.ManagedRuntimeError;
  ManagedRuntimeErrorCode: bootstrap.ManagedRuntimeErrorCode;
  ManagedRuntimeOptions: bootstrap.ManagedRuntimeOptions;
  LogInvocations: bootstrap.LogInvocations;
  MissingProfile: bootstrap.MissingProfile;
  OnDeadline: bootstrap.OnDeadline;
  ProfileInvocation: bootstrap.ProfileInvocation;
  ProfileOptions: bootstrap.ProfileOptions;
  Profiles: bootstrap.Profiles<string>;
  RuntimeStats: bootstrap.RuntimeStats;
  SlotStats: bootstrap.SlotStats;
  StatsSource: bootstrap.StatsSource;
  ThreadCpuProfile: bootstrap.ThreadCpuProfile;
  ThreadEndCause: bootstrap.ThreadEndCause;
  ThreadProfile: bootstrap.ThreadProfile<string>;
  ThreadStats: bootstrap.ThreadStats;
  ThreadsStats: bootstrap.ThreadsStats;
  ClientContext: worker.ClientContext;
  ClientContextClient: worker.ClientContextClient;
  ClientContextEnv: worker.ClientContextEnv;
  CodecModule: worker.CodecModule;
  CognitoIdentity: worker.CognitoIdentity;
  Context: worker.Context;
  Handler: worker.Handler;
  ManagedContext: worker.ManagedContext;
  Service: worker.Service<() => string>;
  Services: worker.Services<{ version: string }>;
  SharedData: worker.SharedData<{ version: string }>;
  ShutdownHook: worker.ShutdownHook;
  StreamingHandler: worker.StreamingHandler;
  StreamingOptions: worker.StreamingOptions;
  TraceContext: worker.TraceContext;
  WritableResponse: worker.WritableResponse;
  Advice: bench.Advice;
  CompareOptions: bench.CompareOptions;
  Measurement: bench.Measurement;
  Recommendation: bench.Recommendation;
  SizeResult: bench.SizeResult;
  EmfOptions: emf.EmfOptions;
  ErrorBody: testing.ErrorBody;
  Fault: testing.Fault;
  FaultMatch: testing.FaultMatch;
  FaultPlan: testing.FaultPlan;
  FaultPoint: testing.FaultPoint;
  InitError: testing.InitError;
  InvocationOptions: testing.InvocationOptions;
  Invoked: testing.Invoked;
  InvokedError: testing.InvokedError;
  InvokedResponse: testing.InvokedResponse;
  InvokedTimeout: testing.InvokedTimeout;
  NotInvoked: testing.NotInvoked;
  RuntimeApi: testing.RuntimeApi;
  RuntimeApiOptions: testing.RuntimeApiOptions;
}

expectTypeOf<AnyIn<Values>>().toBeNever();
expectTypeOf<AnyIn<Types>>().toBeNever();

/** Proves that the search finds every kind of `any`. */
interface Planted {
  value: any;
  optional?: { deep: any };
  method(parameter: any): any[];
  promised: Promise<any>;
  indexed: { known: any; [name: string]: unknown };
  union: string | { member: any };
  clean: Logger | (() => unknown);
}
expectTypeOf<AnyIn<Planted>>().toEqualTypeOf<
  | '.value'
  | '.optional.deep'
  | '.method(0)'
  | '.method()[]'
  | '.promised'
  | '.indexed.known'
  | '.union.member'
>();

/** The paths of `any` in a type, to a depth of six. */
type AnyIn<Type, Path extends string = '', Depth extends 0[] = []> = 0 extends 1 & Type
  ? Path
  : Depth['length'] extends 6
    ? never
    : Type extends Foreign
      ? never
      : Type extends PromiseLike<infer Value>
        ? AnyIn<Value, Path, [...Depth, 0]>
        : Type extends (...parameters: infer Parameters) => infer Result
          ? AnyInParameters<Parameters, Path, [...Depth, 0]> | AnyIn<Result, `${Path}()`, [...Depth, 0]>
          : Type extends readonly (infer Element)[]
            ? AnyIn<Element, `${Path}[]`, [...Depth, 0]>
            : Type extends object
              ? AnyInFields<Type, Path, [...Depth, 0]>
              : never;

/** By name, because an index signature would merge all names into one. */
type AnyInFields<Type, Path extends string, Depth extends 0[]> = ValueOf<{
  [Name in keyof Type as string extends Name ? never : Name]-?: AnyIn<
    Type[Name],
    `${Path}.${Name & string}`,
    Depth
  >;
}>;

type ValueOf<Type> = Type[keyof Type];

type AnyInParameters<Parameters extends unknown[], Path extends string, Depth extends 0[]> = {
  [At in keyof Parameters & `${number}`]: AnyIn<Parameters[At], `${Path}(${At})`, Depth>;
}[keyof Parameters & `${number}`];

/** Types of other packages, which contain `any`. */
type Foreign = Logger | Readable | Writable | MessagePort | Uint8Array | URL | AbortSignal | ProxyMethods;
