/**
 * A local Lambda Runtime API for tests of handlers and bootstraps.
 *
 * @module lambda-managed-runtime/testing
 */
import type { FaultPlan } from '../local/runtime-api/faults.ts';
import type { InitError } from '../local/runtime-api/init-errors.ts';
import { startRuntimeApiServer } from '../local/runtime-api-server.ts';
import { toInvoked } from './invoked.ts';
import type { Invoked } from './invoked.ts';

export type { Fault, FaultMatch, FaultPlan, FaultPoint } from '../local/runtime-api/faults.ts';
export type { ErrorBody } from '../local/invoke.ts';
export type { InitError } from '../local/runtime-api/init-errors.ts';
export type { Invoked, InvokedError, InvokedResponse, InvokedTimeout, NotInvoked } from './invoked.ts';

/** Options of {@link startRuntimeApi}. */
export interface RuntimeApiOptions {
  /** The port to listen on. Default: any free port. */
  readonly port?: number;
  /** The timeout of an invocation, in ms. Default: 30,000. */
  readonly timeoutMs?: number;
}

/** Options of {@link RuntimeApi.invoke}. Omitted fields are absent from the handler's context. */
export interface InvocationOptions {
  /** The timeout of this invocation, in ms. Default: {@link RuntimeApiOptions.timeoutMs}. */
  readonly timeoutMs?: number;
  /**
   * The deadline that the function is told, in ms from the delivery of the event. Default: the timeout. With a deadline far
   * before the timeout, a test sees what the runtime answers at a deadline, however slow the machine is.
   */
  readonly deadlineInMs?: number;
  /** The value of `context.awsRequestId`. Default: a random UUID. */
  readonly requestId?: string;
  /** The X-Ray trace header, which is the value of `context.xRayTraceId`. */
  readonly traceId?: string;
  /** The value of `context.tenantId`. */
  readonly tenantId?: string;
  /** The value of `context.clientContext`. `context.w3c()` reads its key `w3c`. */
  readonly clientContext?: object;
  /** The value of `context.identity`. */
  readonly cognitoIdentity?: object;
  /** Makes `invoke` reject when it aborts. A handler that is running continues. */
  readonly signal?: AbortSignal;
}

/** A local Runtime API for tests. {@link startRuntimeApi} creates it. */
export interface RuntimeApi extends AsyncDisposable {
  /** `host:port`, for the option `runtimeApi` or for `AWS_LAMBDA_RUNTIME_API` of another process. */
  readonly address: string;
  /**
   * Invokes the function as soon as the runtime polls. Resolves with the result, also if the handler fails.
   *
   * @param event The event. It is sent as JSON; a `Uint8Array` is sent unchanged.
   * @param options Request id, timeout, context fields and signal. All are optional.
   * @returns The response, the error, the timeout, or the reason why the event was not delivered.
   * @throws Rejects with the signal's reason when it aborts, with a `TypeError` if an option cannot be sent in an HTTP
   *   header, and with an `Error` if the request id is already in flight.
   * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
   */
  invoke(event: unknown, options?: InvocationOptions): Promise<Invoked>;
  /**
   * Resolves when the given number of polls is open, so that the runtime can receive as many events at once.
   *
   * @param polls The number of open polls, 1 or more.
   * @throws Rejects when the server closes.
   */
  whenPolling(polls: number): Promise<void>;
  /**
   * Resolves with the first init error that the runtime posts because the function cannot start.
   *
   * @throws Rejects when the server closes.
   */
  whenInitError(): Promise<InitError>;
  /** Faults to inject between the runtime and this server. */
  readonly faults: FaultPlan;
  /**
   * Fails all invocations in flight with `Client.ExecutionEnvironmentShutDown`, as Lambda does before it sends SIGTERM to
   * an environment. Later answers to them are refused.
   *
   * @returns The number of aborted invocations.
   */
  abortInvocations(): number;
  /** Closes the server at once. Invocations in flight fail with `Runtime.ExitError`. Stop the runtime first. */
  close(): Promise<void>;
  /** Calls {@link RuntimeApi.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a local Lambda Runtime API on 127.0.0.1, for tests of handlers and bootstraps.
 *
 * @param options Port and timeout. Both are optional.
 * @returns The listening server.
 * @throws Rejects with Node's error if the port is in use (`EADDRINUSE`).
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 *
 * @example
 * ```ts
 * import { createManagedRuntime } from 'lambda-managed-runtime';
 * import { startRuntimeApi } from 'lambda-managed-runtime/testing';
 *
 * await using api = await startRuntimeApi();
 * await using runtime = createManagedRuntime('handler.js', { runtimeApi: api.address, concurrency: 2 });
 * void runtime.run();
 * const result = await api.invoke({ n: 1 });
 * if (result.status === 'response') console.log(result.payload);
 * ```
 */
export async function startRuntimeApi(options: RuntimeApiOptions = {}): Promise<RuntimeApi> {
  const server = await startRuntimeApiServer(options);
  return {
    address: server.address,
    async invoke(event, { clientContext, cognitoIdentity, ...options } = {}) {
      const result = await server.invoke(event instanceof Uint8Array ? event : json(event), {
        ...options,
        ...(clientContext !== undefined && { clientContext: JSON.stringify(clientContext) }),
        ...(cognitoIdentity !== undefined && { cognitoIdentity: JSON.stringify(cognitoIdentity) }),
        whenCapacity: true,
        orInitError: true,
      });
      return toInvoked(result);
    },
    whenPolling: (polls) => server.whenPolling(polls),
    whenInitError: () => server.whenInitError(),
    faults: server.faults,
    abortInvocations: () => server.abortInvocations(),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function json(event: unknown): string {
  return JSON.stringify(event) ?? 'null';
}
