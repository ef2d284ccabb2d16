import { randomUUID } from 'node:crypto';
import { type Delivery, DeliveryLog, OpenInvocations } from './open-invocations.ts';
import { extensionRoutes, Extensions } from './runtime-api/extensions.ts';
import { type FaultPlan, FaultRules } from './runtime-api/faults.ts';
import { invokeApiRoutes } from './lambda-api/invoke-api.ts';
import type { InvokeApiContext } from './lambda-api/invoke-request.ts';
import {
  closeNow,
  listenOn,
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

/** Options of {@link startRuntimeApiServer}. */
export interface RuntimeApiServerOptions {
  /** A loopback address. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** The function's name in the Invoke API. Default: `function`. */
  readonly functionName?: string;
  /** Default: an ARN with the function's name. */
  readonly functionArn?: string;
  /** The timeout of an invocation, in ms. Default: 30,000. */
  readonly timeoutMs?: number;
  /** Whether invocations end with a timeout at their deadline. If false, only the header has the deadline. Default: true. */
  readonly enforceTimeout?: boolean;
  /** Whether to serve the Extensions API. Default: true. */
  readonly extensions?: boolean;
  /**
   * The maximum number of concurrent invocations over HTTP. Further calls get 429; calls below the limit wait for a poll.
   * Without a limit, a call gets 503 if no poll is open.
   */
  readonly concurrency?: number;
  /** Additional routes, tried in order after all others. */
  readonly moreRoutes?: (settings: InvokeApiContext) => readonly Route[];
  /** The number of deliveries to keep. Default: 100,000. */
  readonly deliveryHistory?: number;
  /** Receives each event that a caller sends, and each call that is throttled with 429. */
  readonly observer?: Pick<LocalServerObserver, 'invoked' | 'streamed' | 'refused'>;
}

/** A local server with Lambda's Runtime API and Invoke API. */
export interface RuntimeApiServer extends AsyncDisposable {
  readonly port: number;
  /** `host:port`, the value for `AWS_LAMBDA_RUNTIME_API`. */
  readonly address: string;
  /**
   * Delivers an event to the oldest open `/next` and resolves with the result. If none is open or a registered
   * extension is not ready, resolves with `unavailable` at once. `{ whenCapacity: true }` waits for a poll instead.
   *
   * Rejects with the signal's reason when it aborts, with a TypeError when an option cannot be sent in an HTTP header,
   * and when the request id is already in flight. A handler's error or a timeout does not reject.
   */
  invoke(event: string | Uint8Array, options?: InvokeOptions): Promise<InvokeResult>;
  /** The number of open polls: `/next` requests without an event. */
  readonly openPolls: number;
  /** The number of delivered events that are not answered yet. */
  readonly inFlight: number;
  /** Resolves when at least `count` polls are open. Rejects when the signal aborts or the server closes. */
  whenPolling(count: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** All errors posted to `/runtime/init/error`, including rejected ones. */
  readonly initErrors: readonly InitError[];
  /** Resolves with the first init error. Rejects when the server closes. */
  whenInitError(): Promise<InitError>;
  /** How each event was delivered and answered, by request id. */
  readonly deliveries: ReadonlyMap<string, Delivery>;
  /** Whether an extension has registered. */
  readonly extensionRegistered: boolean;
  /** Resolves when every registered extension waits for its next event. Rejects when the server closes. */
  whenExtensionWaiting(): Promise<void>;
  /** Faults to inject. */
  readonly faults: FaultPlan;
  /**
   * Adds a line that the function has logged to the log tails of the Invoke API.
   *
   * @param requestId the invocation's request id. If it is unknown, it is read from the line.
   */
  logged(line: string, requestId?: string): void;
  /** A runtime is starting again. Callers wait for it instead of getting the error of the last start. */
  runtimeStarts(): void;
  /** The runtime has failed. Waiting and new callers get this message until a runtime polls or starts again. */
  runtimeFailed(message: string): void;
  /** Fails all invocations in flight with `Runtime.ExitError`, as Lambda does when the runtime exits. Returns their number. */
  runtimeExited(message?: string): number;
  /**
   * Fails all invocations in flight with `Client.ExecutionEnvironmentShutDown`, as Lambda does before it sends SIGTERM.
   * Later answers to them get 400. Returns their number.
   */
  abortInvocations(): number;
  /**
   * Closes open polls, invocations in flight and all sockets. HTTP callers have one second to read their responses.
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
  const invoke = (event: string | Uint8Array, invokeOptions: InvokeOptions): Promise<InvokeResult> => {
    if (observer === undefined) return broker.invoke(event, invokeOptions);
    const { requestId = randomUUID() } = invokeOptions;
    const onChunk: InvokeOptions['onChunk'] = (chunk, contentType) => {
      observer.streamed(requestId, chunk.length);
      return invokeOptions.onChunk?.(chunk, contentType);
    };
    const result = broker.invoke(event, { ...invokeOptions, requestId, onChunk });
    observer.invoked(requestId, event, result);
    return result;
  };
  const logs = new LogTails(() => invocations.size);
  const openAnswers = new OpenAnswers();
  const invokeApi: InvokeApiContext = {
    functionName,
    functionArn,
    invoke: (event, invokeOptions) =>
      invoke(
        event,
        concurrency === undefined
          ? invokeOptions
          : { whenCapacity: true, orInitError: true, ...invokeOptions },
      ),
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
    ].map((route) => openAnswers.track(route)),
  ];
  const http = runtimeApiHttp(routes, (socket) => polls.drop(socket));
  const boundPort = await listenOn(http, host, port);

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    if (closing !== undefined) return closing;
    const closed = new Error('The Runtime API server is closed');
    broker.close();
    invocations.failAll('Runtime.ExitError', closed.message);
    for (const part of [polls, initErrors, extensions]) part.close(closed);
    closing = openAnswers.sent().then(() => closeNow(http));
    return closing;
  };

  return {
    port: boundPort,
    address: hostAndPort(host, boundPort),
    invoke: (event, invokeOptions = {}) => invoke(event, invokeOptions),
    get openPolls() {
      return polls.length;
    },
    get inFlight() {
      return invocations.size;
    },
    whenPolling: (count, { signal } = {}) => polls.whenLength(count, signal),
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
