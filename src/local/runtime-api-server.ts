import { randomUUID } from 'node:crypto';
import { type Delivery, DeliveryLog, OpenInvocations } from './open-invocations.ts';
import { extensionRoutes, Extensions } from './runtime-api/extensions.ts';
import { type FaultPlan, FaultRules } from './runtime-api/faults.ts';
import { invokeApiRoutes } from './lambda-api/invoke-api.ts';
import type { InvokeApiContext } from './lambda-api/invoke-request.ts';
import {
  closeAtOnce,
  listen,
  type Route,
  runtimeApiHttp,
  assertLoopback,
  hostAndPort,
  OpenAnswers,
} from './http-server.ts';
import { type InitError, InitErrors } from './runtime-api/init-errors.ts';
import { InvocationBroker, PollQueue } from './invocation-broker.ts';
import type { InvokeOptions, InvokeResult } from './invoke.ts';
import { LogTails } from './log-tails.ts';
import type { LocalServerObserver } from './open-invocations.ts';
import { responseStreamRoutes } from './lambda-api/response-stream.ts';
import { runtimeRoutes } from './runtime-api/routes.ts';

/** Settings of {@link startRuntimeApiServer}. */
export interface RuntimeApiServerOptions {
  /** A loopback address; `127.0.0.1` by default. */
  readonly host?: string;
  /** Any free port by default. */
  readonly port?: number;
  /** The name by which callers of the Invoke API know the function; `function` by default. */
  readonly functionName?: string;
  /** Made up of the function's name by default. */
  readonly functionArn?: string;
  /** Milliseconds that an invocation may take; 30 000 by default. */
  readonly timeoutMs?: number;
  /** Whether callers have a timeout at the deadline; true by default. Without it only the header tells the deadline. */
  readonly enforceTimeout?: boolean;
  /** Whether there is an Extensions API; true by default. */
  readonly extensions?: boolean;
  /**
   * How many invocations callers over HTTP may have at once: one more is refused with 429, and who is not waits for a
   * poll. Without it they may have as many as polls are parked, and are refused with 503 when there is none.
   */
  readonly concurrency?: number;
  /** What callers over HTTP can reach besides the Invoke API; asked in turn, last. */
  readonly moreRoutes?: (settings: InvokeApiContext) => readonly Route[];
  /** How many of the last deliveries are remembered; 100 000 by default. */
  readonly deliveryHistory?: number;
  /** Is told of each event that a caller brings, and of each call that is refused with 429. */
  readonly observer?: Pick<LocalServerObserver, 'invoked' | 'refused'>;
}

/** A local Lambda Runtime API, with the Invoke API in front of it. */
export interface RuntimeApiServer extends AsyncDisposable {
  readonly port: number;
  /** `host:port`: what `AWS_LAMBDA_RUNTIME_API` is set to. */
  readonly address: string;
  /**
   * Hands an event to the oldest parked `/next` and resolves with what becomes of it; `unavailable` at once when none
   * is parked, or when a registered extension is not ready. `{ whenCapacity: true }` waits for a poll instead.
   *
   * Rejects with the signal's reason when it aborts, with a TypeError when an option cannot be sent in an HTTP header,
   * and when the request id is in flight already. A handler's error or a timeout does not reject.
   */
  invoke(event: string | Uint8Array, options?: InvokeOptions): Promise<InvokeResult>;
  /** How many polls are parked: open `/next` that no event has been handed to. */
  readonly parked: number;
  /** How many events were handed over and are not answered yet. */
  readonly inFlight: number;
  /** Resolves when at least so many polls are parked. Rejects when the signal aborts or the server closes. */
  whenParked(count: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** All posted to `/runtime/init/error`, those that were refused included. */
  readonly initErrors: readonly InitError[];
  /** Resolves with the first init error. Rejects when the server closes. */
  whenInitError(): Promise<InitError>;
  /** By request id, how each event was handed over and answered. */
  readonly deliveries: ReadonlyMap<string, Delivery>;
  /** Whether an extension has registered. */
  readonly extensionRegistered: boolean;
  /** Resolves when every registered extension waits for its next event. Rejects when the server closes. */
  whenExtensionWaiting(): Promise<void>;
  /** What is to go wrong. */
  readonly faults: FaultPlan;
  /**
   * Takes a line that the function has logged, for callers of the Invoke API who ask for what an invocation has.
   *
   * @param requestId of the invocation, where that is known; else the line is searched for it.
   */
  logged(line: string, requestId?: string): void;
  /** A runtime starts again: who calls from now on waits for it, and no longer hears why the last start failed. */
  runtimeStarts(): void;
  /** The runtime has failed: who waits, and who calls, gets this until one polls or starts again. */
  runtimeFailed(message: string): void;
  /** Fails all that is in flight with `Runtime.ExitError`, as Lambda does when the runtime's process exits. */
  runtimeExited(message?: string): number;
  /**
   * Fails all that is in flight with `Client.ExecutionEnvironmentShutDown`, as Lambda does before it sends SIGTERM: answers to it
   * are refused with 400 from then on. Returns how many there were.
   */
  abortInvocations(): number;
  /**
   * Ends everything: parked polls, invocations in flight, all sockets. Callers over HTTP have a second to read their
   * answers.
   */
  close(): Promise<void>;
}

/**
 * Starts a local Runtime API server on a loopback address.
 *
 * Rejects with a RangeError when `host` is not a loopback address, and when the port is taken.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 * @example
 * await using server = await startRuntimeApiServer();
 * spawn('node', ['app.js'], { env: { ...process.env, AWS_LAMBDA_RUNTIME_API: server.address } });
 * const result = await server.invoke('{"n":1}', { whenCapacity: true });
 */
export async function startRuntimeApiServer(
  options: RuntimeApiServerOptions = {},
): Promise<RuntimeApiServer> {
  const { host = '127.0.0.1', port = 0, functionName = 'function', deliveryHistory = 100_000 } = options;
  assertLoopback(host);
  const functionArn = options.functionArn ?? `arn:aws:lambda:us-east-1:123456789012:function:${functionName}`;
  const log = new DeliveryLog(deliveryHistory);
  const invocations = new OpenInvocations(log);
  const polls = new PollQueue();
  const initErrors = new InitErrors();
  const faults = new FaultRules();
  const extensions = new Extensions({
    functionName,
    isServing: () => polls.length > 0 || invocations.size > 0,
    onWaiting: () => broker.serveWaiting(),
  });
  const broker = new InvocationBroker(
    {
      functionArn,
      timeoutMs: options.timeoutMs ?? 30_000,
      enforceTimeout: options.enforceTimeout ?? true,
      isReady: () => extensions.ready,
    },
    polls,
    invocations,
  );
  const { concurrency, observer } = options;
  const invoke = (event: string | Uint8Array, how: InvokeOptions): Promise<InvokeResult> => {
    if (observer === undefined) return broker.invoke(event, how);
    const { requestId = randomUUID() } = how;
    const result = broker.invoke(event, { ...how, requestId });
    observer.invoked(requestId, event, result);
    return result;
  };
  const logs = new LogTails(() => invocations.size);
  const answers = new OpenAnswers();
  const invokeApi: InvokeApiContext = {
    functionName,
    functionArn,
    invoke: (event, how) =>
      invoke(event, concurrency === undefined ? how : { whenCapacity: true, orInitError: true, ...how }),
    isFull: () => {
      const full = concurrency !== undefined && broker.busy >= concurrency;
      if (full) observer?.refused();
      return full;
    },
    logs,
  };
  const routes = [
    runtimeRoutes({ broker, invocations, initErrors, faults }),
    ...(options.extensions === false ? [] : [extensionRoutes(extensions, faults)]),
    ...[
      invokeApiRoutes(invokeApi),
      responseStreamRoutes(invokeApi),
      ...(options.moreRoutes?.(invokeApi) ?? []),
    ].map((route) => answers.of(route)),
  ];
  const http = runtimeApiHttp(routes, (socket) => polls.drop(socket));
  const listening = await listen(http, host, port);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    if (closing !== undefined) return closing;
    const closed = new Error('The Runtime API server is closed');
    broker.close();
    invocations.failAll('Runtime.ExitError', closed.message);
    for (const room of [polls, initErrors, extensions]) room.close(closed);
    closing = answers.sent().then(() => closeAtOnce(http));
    return closing;
  };

  return {
    port: listening,
    address: hostAndPort(host, listening),
    invoke: (event, how = {}) => invoke(event, how),
    get parked() {
      return polls.length;
    },
    get inFlight() {
      return invocations.size;
    },
    whenParked: (count, { signal } = {}) => polls.whenLength(count, signal),
    initErrors: initErrors.posted,
    whenInitError: () => initErrors.first(),
    deliveries: log.entries,
    get extensionRegistered() {
      return extensions.registered;
    },
    whenExtensionWaiting: () => extensions.whenWaiting(),
    faults,
    logged: (line, requestId) => logs.add(line, requestId),
    runtimeStarts: () => broker.initStarts(),
    runtimeFailed: (message) => broker.runtimeFailed(message),
    abortInvocations: () =>
      invocations.failAll('Client.ExecutionEnvironmentShutDown', 'The execution environment is shut down'),
    runtimeExited: (message = 'Runtime exited') => invocations.failAll('Runtime.ExitError', message),
    close,
    [Symbol.asyncDispose]: close,
  };
}
