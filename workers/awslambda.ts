/// <reference types="aws-lambda" preserve="true" />
import type { Writable } from 'node:stream';
import type { ManagedContext } from './context.ts';

/**
 * A handler that writes its response while it makes it. What it returns is ignored; it is waited for, and so is the end of the
 * stream. What it throws before the first byte becomes an ordinary error; after that it goes behind what was written.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
 */
export type StreamingHandler<Event = unknown> = (
  event: Event,
  responseStream: WritableResponse,
  context: ManagedContext,
) => unknown;

/**
 * What a streaming handler writes to: a `Writable` of Node's that takes strings and bytes. `write` throws a TypeError for
 * anything else.
 */
export type WritableResponse = Writable & {
  /**
   * Sets the type of the response. Default: `application/octet-stream`.
   *
   * @param contentType a MIME type.
   * @throws Error named `Runtime.InvalidStreamingOperation` when the response has begun.
   */
  setContentType(contentType: string): void;
};

/** Options of {@link streamifyResponse}. */
export interface StreamingOptions {
  /** How many bytes may wait in the stream before `write` returns false. Default: Node's, for writable streams. */
  readonly highWaterMark?: number;
}

/**
 * Marks a handler as one that streams its response, as AWS's function of that name does.
 *
 * @param handler What writes the response.
 * @param options How much may wait in the stream.
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
  { highWaterMark }: StreamingOptions = {},
): StreamingHandler<Event> {
  return Object.assign(handler, {
    [STREAMING]: 'response',
    ...(highWaterMark === undefined ? {} : { [HIGH_WATER_MARK]: highWaterMark }),
  });
}

/**
 * Puts status code, headers and cookies of an HTTP response in front of its body, as AWS's object of that name does.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 */
export const HttpResponseStream = {
  /**
   * Has these go out before the first byte, or when the stream ends without one.
   *
   * @param responseStream What the handler was given.
   * @param metadata `statusCode`, `headers` (names and values) and `cookies` (a list), as a Function URL takes them. None counts as `{}`.
   * @returns The same stream.
   * @throws Error named `Runtime.InvalidStreamingOperation` when the response has begun, and a TypeError when the metadata
   *   have no JSON form.
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
    // Callers in JavaScript leave it out, and nothing can read the prelude "undefined".
    const prelude = `${JSON.stringify(metadata ?? {})}${'\0'.repeat(8)}`;
    return Object.assign(responseStream, {
      _onBeforeFirstWrite: (write: (chunk: string) => void) => write(prelude),
    });
  },
};

/** What marks a streaming handler; packages with a copy of AWS's function set the same. */
export const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
export const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

/** Puts both where handlers look for them: into the global that the invoke store has made, unless AWS's variable forbids it. */
export function extendAwslambda(): void {
  const { awslambda } = globalThis as { awslambda?: object };
  if (awslambda !== undefined) Object.assign(awslambda, { streamifyResponse, HttpResponseStream });
}
