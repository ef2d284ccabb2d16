import type { FaultPlan } from '../local/faults.ts';
import type { InitError } from '../local/init-errors.ts';
import { startRuntimeApiServer } from '../local/runtime-api-server.ts';
import { invoked } from './invoked.ts';
import type { Invoked } from './invoked.ts';

export type { Fault, FaultMatch, FaultPlan, FaultPoint } from '../local/faults.ts';
export type { InitError } from '../local/init-errors.ts';
export type { Invoked, InvokedError, InvokedResponse, InvokedTimeout, NotInvoked } from './invoked.ts';

/** Settings of {@link startRuntimeApi}. */
export interface RuntimeApiOptions {
  /** Any free port by default. */
  readonly port?: number;
  /** How long an invocation may take, in ms; 30,000 by default. */
  readonly timeoutMs?: number;
}

/** How one event is invoked. What isn't given, the handler's context doesn't have. */
export interface InvocationOptions {
  /** How long it may take, in ms; as the server was told by default. */
  readonly timeoutMs?: number;
  /** A random UUID by default. */
  readonly requestId?: string;
  readonly traceId?: string;
  readonly tenantId?: string;
  /** As `context.clientContext` has it. */
  readonly clientContext?: object;
  /** As `context.identity` has it. */
  readonly cognitoIdentity?: object;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
}

/** A local Runtime API for tests, from {@link startRuntimeApi}. */
export interface RuntimeApi extends AsyncDisposable {
  /** `host:port`: for the option `runtimeApi`, or for `AWS_LAMBDA_RUNTIME_API` of another process. */
  readonly address: string;
  /**
   * Invokes as soon as the runtime polls, and resolves with what becomes of it, also if that is an error.
   *
   * Rejects with the signal's reason when it aborts, and with a TypeError for options that no HTTP header can carry.
   *
   * @param event what becomes JSON; bytes go as they are.
   */
  invoke(event: unknown, options?: InvocationOptions): Promise<Invoked>;
  /** Resolves when so many polls are open: the runtime is ready for as many events. Rejects when the server closes. */
  whenParked(polls: number): Promise<void>;
  /** Resolves when the runtime has told that the function cannot start. Rejects when the server closes. */
  whenInitError(): Promise<InitError>;
  /** What is to go wrong between the runtime and this server. */
  readonly faults: FaultPlan;
  /** Ends everything at once: what is in flight fails with `Runtime.ExitError`. */
  close(): Promise<void>;
}

/**
 * Starts a local Lambda Runtime API on 127.0.0.1, for tests of handlers and of bootstraps.
 *
 * Rejects when the port is taken.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 * @example
 *     await using api = await startRuntimeApi();
 *     await using runtime = createManagedRuntime('handler.js', { runtimeApi: api.address, concurrency: 2 });
 *     void runtime.run();
 *     const result = await api.invoke({ n: 1 });
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
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function json(event: unknown): string {
  return JSON.stringify(event) ?? 'null';
}
