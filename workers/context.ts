/**
 * A Lambda handler, as written for AWS.
 *
 * @example
 *     export const handler: Handler<{ name: string }, string> = async (event, context) => `Hello ${event.name}`;
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
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  /** In MiB, as a string. */
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly identity?: CognitoIdentity | undefined;
  readonly clientContext?: ClientContext | undefined;
  readonly tenantId?: string | undefined;
  /** The X-Ray trace header. */
  readonly xRayTraceId?: string | undefined;
  /** The instant at which Lambda answers the caller with a timeout, in epoch milliseconds. */
  readonly deadlineMs?: number;
  /** Aborts at the deadline (less `deadlineMarginMs`), with the reason. Hand it to what can be cancelled. */
  readonly signal?: AbortSignal;
  /** The W3C trace context that the caller has sent in the client context, under the key `w3c`. */
  w3c?(): TraceContext;
  /**
   * Lets a promise go on after the answer, which goes out when the handler has returned. Until all of them have settled,
   * or the deadline has passed, the invocation keeps its room. A rejection is logged under the request id.
   */
  waitUntil?(promise: PromiseLike<unknown>): void;
  /** Milliseconds until the deadline; negative after it. */
  getRemainingTimeInMillis(): number;
  /** @deprecated Return a promise instead; throws. */
  done(error?: Error, result?: unknown): void;
  /** @deprecated Throw instead; throws. */
  fail(error: Error | string): void;
  /** @deprecated Return instead; throws. */
  succeed(messageOrObject: unknown): void;
}

/** A context as this runtime makes it: nothing that only it has is missing. */
export type ManagedContext = Context & Required<Pick<Context, 'deadlineMs' | 'signal' | 'w3c' | 'waitUntil'>>;

/** @see https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly baggage?: string | undefined;
}

/** Who called, where an Amazon Cognito identity did. */
export interface CognitoIdentity {
  cognitoIdentityId: string;
  cognitoIdentityPoolId: string;
}

/** What the caller sent with `X-Amz-Client-Context`. */
export interface ClientContext {
  client: ClientContextClient;
  Custom?: unknown;
  env: ClientContextEnv;
}

export interface ClientContextClient {
  installationId: string;
  appTitle: string;
  appVersionName: string;
  appVersionCode: string;
  appPackageName: string;
}

export interface ClientContextEnv {
  platformVersion: string;
  platform: string;
  make: string;
  model: string;
  locale: string;
}
