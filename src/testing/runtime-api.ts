/**
 * For tests of handlers and bootstraps: a local Lambda Runtime API.
 *
 * @module lambda-managed-runtime/testing
 */
import type { FaultPlan } from '../local/runtime-api/faults.ts';
import type { InitError } from '../local/runtime-api/init-errors.ts';
import { startRuntimeApiServer } from '../local/runtime-api-server.ts';
import { invoked } from './invoked.ts';
import type { Invoked } from './invoked.ts';

export type { Fault, FaultMatch, FaultPlan, FaultPoint } from '../local/runtime-api/faults.ts';
export type { ErrorBody } from '../local/invoke.ts';
export type { InitError } from '../local/runtime-api/init-errors.ts';
export type { Invoked, InvokedError, InvokedResponse, InvokedTimeout, NotInvoked } from './invoked.ts';

/** Settings of {@link startRuntimeApi}. */
export interface RuntimeApiOptions {
  /** Where it listens. Default: any free port. */
  readonly port?: number;
  /** How long an invocation may take, in ms. Default 30,000. */
  readonly timeoutMs?: number;
}

/** How one event is invoked. What is not given, the handler's context does not have. */
export interface InvocationOptions {
  /** How long it may take, in ms. Default: as {@link RuntimeApiOptions.timeoutMs} says. */
  readonly timeoutMs?: number;
  /** As `context.awsRequestId` has it. Default: a random UUID. */
  readonly requestId?: string;
  /** The X-Ray trace header, as `context.xRayTraceId` has it. */
  readonly traceId?: string;
  /** As `context.tenantId` has it. */
  readonly tenantId?: string;
  /** As `context.clientContext` has it; what is under its key `w3c` goes to `context.w3c()`. */
  readonly clientContext?: object;
  /** As `context.identity` has it. */
  readonly cognitoIdentity?: object;
  /** Gives up waiting when it aborts; what the handler does goes on. */
  readonly signal?: AbortSignal;
}

/** A local Runtime API for tests, from {@link startRuntimeApi}. */
export interface RuntimeApi extends AsyncDisposable {
  /** `host:port`: for the option `runtimeApi`, or for `AWS_LAMBDA_RUNTIME_API` of another process. */
  readonly address: string;
  /**
   * Invokes as soon as the runtime polls, and resolves with what becomes of it, also if that is an error.
   *
   * @param event What becomes JSON; bytes go as they are.
   * @param options How it is invoked.
   * @throws Rejects with the signal's reason when it aborts, with a TypeError for options that no HTTP header can carry, and
   *   with an Error for a request id that is in flight already.
   * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
   */
  invoke(event: unknown, options?: InvocationOptions): Promise<Invoked>;
  /**
   * Resolves when so many polls are open: the runtime is ready for as many events.
   *
   * @param polls How many, 1 or more.
   * @throws Rejects when the server closes.
   */
  whenParked(polls: number): Promise<void>;
  /**
   * Resolves with what the runtime has told when the function could not start.
   *
   * @throws Rejects when the server closes.
   */
  whenInitError(): Promise<InitError>;
  /** What is to go wrong between the runtime and this server. */
  readonly faults: FaultPlan;
  /**
   * Ends all invocations in flight with `Client.ExecutionEnvironmentShutDown`, as Lambda does before it sends SIGTERM to an
   * environment. Answers to them are refused from then on.
   *
   * @returns How many there were.
   */
  abortInvocations(): number;
  /** Ends everything at once: what is in flight fails with `Runtime.ExitError`. Stop the runtime before. */
  close(): Promise<void>;
  /** As {@link RuntimeApi.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a local Lambda Runtime API on 127.0.0.1, for tests of handlers and of bootstraps.
 *
 * @param options Where it listens, and how long invocations may take.
 * @returns The server, which listens.
 * @throws Rejects with Node's error when the port is taken (`EADDRINUSE`).
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
    async invoke(event, { clientContext, cognitoIdentity, ...how } = {}) {
      const result = await server.invoke(event instanceof Uint8Array ? event : json(event), {
        ...how,
        ...(clientContext !== undefined && { clientContext: JSON.stringify(clientContext) }),
        ...(cognitoIdentity !== undefined && { cognitoIdentity: JSON.stringify(cognitoIdentity) }),
        whenCapacity: true,
        orInitError: true,
      });
      return invoked(result);
    },
    whenParked: (polls) => server.whenParked(polls),
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
