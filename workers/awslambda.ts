/// <reference types="aws-lambda" preserve="true" />
import type { Writable } from 'node:stream';
import type { ManagedContext } from './context.ts';

/**
 * A handler that streams its response. The invocation ends when the handler has settled and the stream has ended; the result
 * of the handler is ignored. An error before the first byte becomes an ordinary error response. A later error is sent after
 * the bytes that have been written.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
 */
export type StreamingHandler<Event = unknown> = (
  event: Event,
  responseStream: WritableResponse,
  context: ManagedContext,
) => unknown;

/**
 * The response stream of a streaming handler, a Node.js `Writable` for strings and bytes. `write` throws a TypeError for other
 * values.
 */
export type WritableResponse = Writable & {
  /**
   * Sets the type of the response. Default: `application/octet-stream`.
   *
   * @param contentType a MIME type.
   * @throws Error named `Runtime.InvalidStreamingOperation` if the response has begun, or a TypeError if the type is not a
   *   string that is valid in an HTTP header.
   */
  setContentType(contentType: string): void;
};

/** Options of {@link streamifyResponse}. */
export interface StreamingOptions {
  /**
   * How many bytes the stream buffers before `write` returns false, a whole number from 0. Default, also for other values: that
   * of Node.js for writable streams.
   */
  readonly highWaterMark?: number;
}

/**
 * Marks a handler as a streaming handler, as `awslambda.streamifyResponse` does.
 *
 * @param handler The handler that writes the response.
 * @param options The buffer size of the stream.
 * @returns The same function, marked.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises';
 * import { streamifyResponse } from 'lambda-managed-runtime/worker';
 *
 * export const handler = streamifyResponse<{ table: string }>(async (event, responseStream, context) => {
 *   responseStream.setContentType('text/csv');
 *   await pipeline(rows(event.table, { signal: context.signal }), responseStream);
 * });
 * ```
 */
export function streamifyResponse<Event = unknown>(
  handler: StreamingHandler<Event>,
  options?: StreamingOptions,
): StreamingHandler<Event> {
  // JavaScript callers may pass null, which AWS's function accepts.
  const bytes = options?.highWaterMark;
  return Object.assign(handler, {
    [STREAMING]: 'response',
    ...(typeof bytes === 'number' && { [HIGH_WATER_MARK]: Number.parseInt(String(bytes), 10) }),
  });
}

/**
 * Sends status code, headers and cookies of an HTTP response before its body, as `awslambda.HttpResponseStream` does.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 */
export const HttpResponseStream = {
  /**
   * Sends the metadata before the first byte, or at the end of the stream if there are no bytes.
   *
   * @param responseStream The response stream of the handler.
   * @param metadata `statusCode`, `headers` (an object) and `cookies` (an array), as a function URL expects them. Undefined
   *   counts as `{}`.
   * @returns The same stream.
   * @throws Error named `Runtime.InvalidStreamingOperation` if the response has begun, or a TypeError if the metadata cannot be
   *   converted to JSON.
   *
   * @example
   * ```ts
   * import { HttpResponseStream, streamifyResponse } from 'lambda-managed-runtime/worker';
   *
   * export const handler = streamifyResponse(async (_event, responseStream) => {
   *   const headers = { 'content-type': 'text/plain' };
   *   HttpResponseStream.from(responseStream, { statusCode: 404, headers }).end('There is none');
   * });
   * ```
   */
  from<Stream extends WritableResponse>(responseStream: Stream, metadata: Record<string, unknown>): Stream {
    responseStream.setContentType('application/vnd.awslambda.http-integration-response');
    // JavaScript callers may omit the metadata, and the text "undefined" would be an invalid prelude.
    const prelude = `${JSON.stringify(metadata ?? {})}${'\0'.repeat(8)}`;
    return Object.assign(responseStream, {
      _onBeforeFirstWrite: (write: (chunk: string) => void) => write(prelude),
    });
  },
};

/** The properties that mark a streaming handler. Packages with a copy of AWS's function use the same symbols. */
export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
export const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

/** Adds both to `globalThis.awslambda`, which exists unless `AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA` is set. */
export function extendAwslambda(): void {
  const { awslambda } = globalThis as { awslambda?: object };
  if (awslambda !== undefined) Object.assign(awslambda, { streamifyResponse, HttpResponseStream });
}
