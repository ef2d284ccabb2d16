/** Compiled, never run: the types of `lambda-managed-runtime/testing`. */
import { expectTypeOf } from 'vitest';
import { startRuntimeApi } from '../../src/testing/runtime-api.ts';
import type {
  ErrorBody,
  Fault,
  FaultMatch,
  FaultPlan,
  FaultPoint,
  InitError,
  InvocationOptions,
  Invoked,
  InvokedError,
  InvokedResponse,
  InvokedTimeout,
  NotInvoked,
  RuntimeApi,
  RuntimeApiOptions,
} from '../../src/testing/runtime-api.ts';

expectTypeOf(startRuntimeApi).parameters.toEqualTypeOf<[options?: RuntimeApiOptions | undefined]>();
expectTypeOf(startRuntimeApi).returns.toEqualTypeOf<Promise<RuntimeApi>>();
expectTypeOf<RuntimeApiOptions>().toEqualTypeOf<{ readonly port?: number; readonly timeoutMs?: number }>();
// @ts-expect-error undefined is not a port
export const undefinedPort: RuntimeApiOptions = { port: undefined };

expectTypeOf<RuntimeApi>().toEqualTypeOf<{
  readonly address: string;
  invoke(event: unknown, options?: InvocationOptions): Promise<Invoked>;
  whenPolling(polls: number): Promise<void>;
  whenInitError(): Promise<InitError>;
  readonly faults: FaultPlan;
  abortInvocations(): number;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}>();
expectTypeOf<RuntimeApi>().toExtend<AsyncDisposable>();
expectTypeOf<InvocationOptions>().toEqualTypeOf<{
  readonly timeoutMs?: number;
  readonly deadlineInMs?: number;
  readonly requestId?: string;
  readonly traceId?: string;
  readonly tenantId?: string;
  readonly clientContext?: object;
  readonly cognitoIdentity?: object;
  readonly signal?: AbortSignal;
}>();
// @ts-expect-error undefined is not a timeout
export const undefinedTimeout: InvocationOptions = { timeoutMs: undefined };

/** `status` distinguishes exactly four results. */
export function narrowed(result: Invoked): string {
  switch (result.status) {
    case 'response':
      expectTypeOf(result).toEqualTypeOf<InvokedResponse>();
      return String(result.payload);
    case 'error':
      expectTypeOf(result).toEqualTypeOf<InvokedError>();
      return result.errorType;
    case 'timeout':
      expectTypeOf(result).toEqualTypeOf<InvokedTimeout>();
      return result.errorMessage;
    case 'unavailable':
      expectTypeOf(result).toEqualTypeOf<NotInvoked>();
      return result.errorMessage;
  }
}
expectTypeOf<InvokedResponse>().toEqualTypeOf<{
  readonly status: 'response';
  readonly requestId: string;
  readonly payload: unknown;
  readonly body: Buffer;
  readonly contentType: string | undefined;
}>();
expectTypeOf<InvokedError>().toEqualTypeOf<{
  readonly status: 'error';
  readonly requestId: string;
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace: readonly string[];
  readonly body: Buffer;
}>();
expectTypeOf<InvokedTimeout>().toEqualTypeOf<{
  readonly status: 'timeout';
  readonly requestId: string;
  readonly errorMessage: string;
  readonly body: Buffer;
}>();
expectTypeOf<NotInvoked>().toEqualTypeOf<{
  readonly status: 'unavailable';
  readonly errorMessage: string;
}>();

expectTypeOf<InitError>().toEqualTypeOf<{
  readonly errorType: string;
  readonly rawErrorType: string | undefined;
  readonly body: Buffer;
  readonly error: ErrorBody | undefined;
  readonly answered: 202 | 403;
}>();
expectTypeOf<ErrorBody>().toEqualTypeOf<{
  readonly errorType?: string;
  readonly errorMessage?: string;
  readonly stackTrace?: readonly string[];
  readonly [field: string]: unknown;
}>();

expectTypeOf<FaultPoint>().toEqualTypeOf<
  'next' | 'response' | 'error' | 'init-error' | 'register' | 'extension-next'
>();
expectTypeOf<FaultMatch>().toEqualTypeOf<
  FaultPoint | { readonly at: FaultPoint; readonly requestId: (requestId: string) => boolean }
>();
expectTypeOf<Fault['type']>().toEqualTypeOf<
  | 'refuse'
  | 'reset-before'
  | 'reset-during'
  | 'reset-after'
  | 'accept-early'
  | 'status'
  | 'garbage'
  | 'truncated-body'
  | 'delay'
  | 'hang'
>();
expectTypeOf<Extract<Fault, { type: 'status' }>>().toEqualTypeOf<{
  readonly type: 'status';
  readonly status: number;
  readonly body?: string;
}>();
expectTypeOf<Extract<Fault, { type: 'delay' }>>().toEqualTypeOf<{
  readonly type: 'delay';
  readonly ms: number;
}>();
// @ts-expect-error a delay needs its ms
export const endlessDelay: Fault = { type: 'delay' };
expectTypeOf<FaultPlan>().toEqualTypeOf<{
  once(match: FaultMatch, fault: Fault): () => void;
  always(match: FaultMatch, fault: Fault): () => void;
  clear(): void;
  readonly pending: number;
  readonly met: number;
}>();
