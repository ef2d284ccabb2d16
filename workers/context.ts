/**
 * A Lambda handler, synchronous or asynchronous. Its result is sent to the caller as JSON, an error that it throws or rejects
 * with as an error response. Handlers that use a callback, the third parameter, fail with `Runtime.CallbackHandlerDeprecated`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 *
 * @example
 * ```ts
 * import type { Handler } from 'lambda-managed-runtime/worker';
 *
 * export const handler: Handler<{ name: string }, string> = async (event, context) =>
 *   `Hello ${event.name}, with ${context.getRemainingTimeInMillis()} ms left`;
 * ```
 */
export type Handler<Event = unknown, Result = unknown> = (
  event: Event,
  context: ManagedContext,
) => Result | Promise<Result>;

/**
 * The context of an invocation, compatible in both directions with `Context` of `@types/aws-lambda`. Members that only this
 * runtime provides are therefore optional; in {@link ManagedContext} they are required.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export interface Context {
  /** Has no effect; exists for compatibility. The response is sent when the handler's promise settles. */
  callbackWaitsForEmptyEventLoop: boolean;
  /** The function's name. */
  readonly functionName: string;
  /** The function's version; `$LATEST` for an unpublished version. */
  readonly functionVersion: string;
  /** The ARN that the caller invoked, including a version or alias if the caller specified one. */
  readonly invokedFunctionArn: string;
  /** The function's memory in MiB, as a string. */
  readonly memoryLimitInMB: string;
  /** The id of this invocation. */
  readonly awsRequestId: string;
  /** The log group of the function. */
  readonly logGroupName: string;
  /** The log stream of the execution environment. */
  readonly logStreamName: string;
  /** The Amazon Cognito identity of the caller, if there is one. */
  readonly identity?: CognitoIdentity | undefined;
  /** The client context that the caller sent, without the key `w3c`; undefined if there is none. */
  readonly clientContext?: ClientContext | undefined;
  /** The tenant id, for functions with tenant isolation. */
  readonly tenantId?: string | undefined;
  /**
   * The X-Ray trace header.
   *
   * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
   */
  readonly xRayTraceId?: string | undefined;
  /** The instant at which Lambda answers the caller with a timeout, in epoch milliseconds. */
  readonly deadlineMs?: number;
  /**
   * Aborts `deadlineMarginMs` before the deadline: by default a tenth of the time that the invocation has, at most 1 s. Its
   * reason is a `DOMException` with the name `TimeoutError` and the code `'DEADLINE_NEAR'`. Pass the signal to operations that
   * can be cancelled. After it has aborted, the handler has until shortly before the deadline, or `deadlineGraceMs`, to settle.
   */
  readonly signal?: AbortSignal;
  /** The W3C trace context from the key `w3c` of the client context; `{}` if the caller sent none. */
  w3c?(): TraceContext;
  /**
   * Registers background work that continues after the response has been sent. The invocation occupies its thread until all
   * registered promises have settled or the deadline has passed. A rejection is logged with the request id.
   *
   * @param promise The background work.
   */
  waitUntil?(promise: PromiseLike<unknown>): void;
  /** Milliseconds until the deadline; negative after it. */
  getRemainingTimeInMillis(): number;
  /**
   * Is not supported.
   *
   * @throws Error named `Runtime.CallbackHandlerDeprecated`, always.
   * @deprecated Return a promise instead.
   */
  done(error?: Error, result?: unknown): void;
  /**
   * Is not supported.
   *
   * @throws Error named `Runtime.CallbackHandlerDeprecated`, always.
   * @deprecated Throw instead.
   */
  fail(error: Error | string): void;
  /**
   * Is not supported.
   *
   * @throws Error named `Runtime.CallbackHandlerDeprecated`, always.
   * @deprecated Return instead.
   */
  succeed(messageOrObject: unknown): void;
}

/** The context that this runtime passes to handlers, with all of the runtime's own members. */
export type ManagedContext = Context & Required<Pick<Context, 'deadlineMs' | 'signal' | 'w3c' | 'waitUntil'>>;

/**
 * The W3C trace context as text. Omitted fields are absent.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export interface TraceContext {
  /** The trace id, the parent span id and flags. */
  readonly traceparent?: string | undefined;
  /** A list of entries of tracing systems. */
  readonly tracestate?: string | undefined;
  /** Names and values that are propagated with the trace. */
  readonly baggage?: string | undefined;
}

/** The Amazon Cognito identity of the caller. */
export interface CognitoIdentity {
  /** The id of the identity. */
  cognitoIdentityId: string;
  /** The id of the identity pool that authorized the identity. */
  cognitoIdentityPoolId: string;
}

/**
 * The client context that the caller sent with `X-Amz-Client-Context`. The runtime does not validate its fields.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export interface ClientContext {
  /** The application that called. */
  client: ClientContextClient;
  /** Custom values of the application. */
  Custom?: unknown;
  /** The device that called. */
  env: ClientContextEnv;
}

/** The application that called, as AWS's mobile SDKs describe it. */
export interface ClientContextClient {
  /** The id of this installation. */
  installationId: string;
  /** The application's title. */
  appTitle: string;
  /** The name of the application's version. */
  appVersionName: string;
  /** The code of the application's version. */
  appVersionCode: string;
  /** The name of the application's package. */
  appPackageName: string;
}

/** The device that called, as AWS's mobile SDKs describe it. */
export interface ClientContextEnv {
  /** The version of the operating system. */
  platformVersion: string;
  /** The operating system. */
  platform: string;
  /** The manufacturer of the device. */
  make: string;
  /** The model of the device. */
  model: string;
  /** The locale of the device. */
  locale: string;
}
