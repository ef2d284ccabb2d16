/**
 * A Lambda handler, as written for AWS, sync or async: its result, or what its promise resolves with, becomes the JSON of the
 * response. What it throws, or rejects with, is answered to the caller. A third parameter, a callback, is refused at the start.
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
 * What a handler is told about its invocation. `Context` of `@types/aws-lambda` can stand for it, and it for that one;
 * for this what only this runtime has is optional in the type. See {@link ManagedContext}.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
 */
export interface Context {
  /** Accepted for AWS's sake, without effect: the answer goes out when the handler's promise settles. */
  callbackWaitsForEmptyEventLoop: boolean;
  /** The function's name. */
  readonly functionName: string;
  /** The function's version, `$LATEST` for one that is not published. */
  readonly functionVersion: string;
  /** The ARN that the caller named, with version or alias if it named one. */
  readonly invokedFunctionArn: string;
  /** The function's memory in MiB, as a string. */
  readonly memoryLimitInMB: string;
  /** The id of this invocation. */
  readonly awsRequestId: string;
  /** The log group of the function. */
  readonly logGroupName: string;
  /** The log stream of the execution environment. */
  readonly logStreamName: string;
  /** The Amazon Cognito identity of the caller, where there is one. */
  readonly identity?: CognitoIdentity | undefined;
  /** What the caller's application has sent, where it has; without the key `w3c`. */
  readonly clientContext?: ClientContext | undefined;
  /** The tenant, of functions that are isolated by tenant. */
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
   * Aborts at the deadline (less the option `deadlineMarginMs`), with a `TimeoutError` as its reason. Hand it to what can be
   * cancelled. The handler then has `deadlineGraceMs` to settle.
   */
  readonly signal?: AbortSignal;
  /** The W3C trace context that the caller has sent in the client context, under the key `w3c`; `{}` if it has not. */
  w3c?(): TraceContext;
  /**
   * Lets a promise go on after the answer, which goes out when the handler has returned. Until all of them have settled,
   * or the deadline has passed, the invocation keeps its room. A rejection is logged under the request id.
   *
   * @param promise What goes on.
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

/** A context as this runtime makes it: nothing that only it has is missing. */
export type ManagedContext = Context & Required<Pick<Context, 'deadlineMs' | 'signal' | 'w3c' | 'waitUntil'>>;

/**
 * W3C's trace context, as text. What the caller has not sent is absent.
 *
 * @see https://www.w3.org/TR/trace-context/
 */
export interface TraceContext {
  /** Ids of the trace and of the parent span, and flags. */
  readonly traceparent?: string | undefined;
  /** What tracing systems have added, a list. */
  readonly tracestate?: string | undefined;
  /** Names and values that go along with the trace. */
  readonly baggage?: string | undefined;
}

/** Who called, where an Amazon Cognito identity did. */
export interface CognitoIdentity {
  /** The id of the identity. */
  cognitoIdentityId: string;
  /** The id of the pool that has authorised it. */
  cognitoIdentityPoolId: string;
}

/**
 * What the caller sent with `X-Amz-Client-Context`. It is given as it came: nobody checks that it has these fields.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export interface ClientContext {
  /** The application that called. */
  client: ClientContextClient;
  /** What the application has set by itself. */
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
  /** The name of its version. */
  appVersionName: string;
  /** The number of its version. */
  appVersionCode: string;
  /** The name of its package. */
  appPackageName: string;
}

/** The device that called, as AWS's mobile SDKs describe it. */
export interface ClientContextEnv {
  /** The version of its system. */
  platformVersion: string;
  /** Its system. */
  platform: string;
  /** Who made it. */
  make: string;
  /** Its model. */
  model: string;
  /** Its language and region. */
  locale: string;
}
