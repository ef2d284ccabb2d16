/** Compiled, never run: the types of `lambda-managed-runtime/worker` that a handler and its context have. */
import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import { expectTypeOf } from 'vitest';
import {
  getContext,
  HttpResponseStream,
  logger,
  onShutdown,
  streamifyResponse,
} from '../../workers/index.ts';
import type {
  ClientContext,
  ClientContextClient,
  ClientContextEnv,
  CodecModule,
  CognitoIdentity,
  Context,
  Handler,
  ManagedContext,
  ShutdownHook,
  StreamingHandler,
  StreamingOptions,
  TraceContext,
  WritableResponse,
} from '../../workers/index.ts';

interface Order {
  readonly id: string;
}
interface Answer {
  readonly accepted: boolean;
}

expectTypeOf<Handler<Order, Answer>>().parameters.toEqualTypeOf<[event: Order, context: ManagedContext]>();
expectTypeOf<Handler<Order, Answer>>().returns.toEqualTypeOf<Answer | Promise<Answer>>();
expectTypeOf<Handler>().parameters.toEqualTypeOf<[event: unknown, context: ManagedContext]>();
expectTypeOf<Handler>().returns.toBeUnknown();

/** The annotation alone types both parameters. */
export const inferred: Handler<Order, Answer> = (event, context) => {
  expectTypeOf(event).toEqualTypeOf<Order>();
  expectTypeOf(context).toEqualTypeOf<ManagedContext>();
  return { accepted: true };
};
// @ts-expect-error the promise is of another type
export const wrongPromise: Handler<Order, Answer> = async () => ({ refused: true });
// @ts-expect-error the event has no such field
export const wrongField: Handler<Order> = (event) => event.name;

expectTypeOf<Context>().toEqualTypeOf<{
  callbackWaitsForEmptyEventLoop: boolean;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly identity?: CognitoIdentity | undefined;
  readonly clientContext?: ClientContext | undefined;
  readonly tenantId?: string | undefined;
  readonly xRayTraceId?: string | undefined;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  w3c?(): TraceContext;
  waitUntil?(promise: PromiseLike<unknown>): void;
  getRemainingTimeInMillis(): number;
  done(error?: Error, result?: unknown): void;
  fail(error: Error | string): void;
  succeed(messageOrObject: unknown): void;
}>();
expectTypeOf<ManagedContext>().toExtend<Context>();
expectTypeOf<Pick<ManagedContext, 'deadlineMs' | 'signal' | 'w3c' | 'waitUntil'>>().branded.toEqualTypeOf<{
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  w3c(): TraceContext;
  waitUntil(promise: PromiseLike<unknown>): void;
}>();
expectTypeOf<TraceContext>().toEqualTypeOf<
  Readonly<Partial<Record<'traceparent' | 'tracestate' | 'baggage', string | undefined>>>
>();
expectTypeOf<CognitoIdentity>().toEqualTypeOf<
  Record<'cognitoIdentityId' | 'cognitoIdentityPoolId', string>
>();
expectTypeOf<ClientContext>().toEqualTypeOf<{
  client: ClientContextClient;
  Custom?: unknown;
  env: ClientContextEnv;
}>();
expectTypeOf<ClientContextClient>().toEqualTypeOf<
  Record<'installationId' | 'appTitle' | 'appVersionName' | 'appVersionCode' | 'appPackageName', string>
>();
expectTypeOf<ClientContextEnv>().toEqualTypeOf<
  Record<'platformVersion' | 'platform' | 'make' | 'model' | 'locale', string>
>();

expectTypeOf(getContext).parameters.toEqualTypeOf<[]>();
expectTypeOf(getContext).returns.toEqualTypeOf<ManagedContext | undefined>();
expectTypeOf(logger).toEqualTypeOf<Logger>();
expectTypeOf(onShutdown).parameters.toEqualTypeOf<[hook: ShutdownHook]>();
expectTypeOf(onShutdown).returns.toEqualTypeOf<void>();
expectTypeOf<ShutdownHook>().toEqualTypeOf<() => unknown>();

expectTypeOf<StreamingHandler<Order>>().parameters.toEqualTypeOf<
  [event: Order, responseStream: WritableResponse, context: ManagedContext]
>();
expectTypeOf<StreamingHandler>().parameter(0).toBeUnknown();
expectTypeOf<WritableResponse>().toExtend<Writable>();
expectTypeOf<WritableResponse['setContentType']>().toEqualTypeOf<(contentType: string) => void>();
expectTypeOf<StreamingOptions>().toEqualTypeOf<{ readonly highWaterMark?: number }>();
// @ts-expect-error undefined is not a number of bytes
export const undefinedMark: StreamingOptions = { highWaterMark: undefined };
export const streamed = streamifyResponse<Order>((event, responseStream, context) => {
  expectTypeOf(event).toEqualTypeOf<Order>();
  expectTypeOf(responseStream).toEqualTypeOf<WritableResponse>();
  expectTypeOf(context).toEqualTypeOf<ManagedContext>();
});
expectTypeOf(streamed).toEqualTypeOf<StreamingHandler<Order>>();

/** The stream is returned with its own type. */
declare const response: WritableResponse & { readonly own: true };
expectTypeOf(HttpResponseStream.from(response, { statusCode: 200 })).toEqualTypeOf<typeof response>();
expectTypeOf(HttpResponseStream.from).parameter(1).toEqualTypeOf<Record<string, unknown>>();
// @ts-expect-error a stream of Node.js has no content type
HttpResponseStream.from(process.stdout, {});

expectTypeOf<CodecModule>().toEqualTypeOf<{
  decode(bytes: Uint8Array): unknown;
  encode(result: unknown): Uint8Array;
  contentType?: string;
}>();
// @ts-expect-error undefined is not a content type
export const undefinedType: Pick<CodecModule, 'contentType'> = { contentType: undefined };
