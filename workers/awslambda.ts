/// <reference types="aws-lambda" preserve="true" />
import type { Writable } from 'node:stream';
import type { ManagedContext } from './context.ts';

/** A handler that writes its response while it makes it. */
export type StreamingHandler<Event = unknown> = (
  event: Event,
  responseStream: WritableResponse,
  context: ManagedContext,
) => unknown;

/** What a streaming handler writes to. */
export type WritableResponse = Writable & {
  /**
   * Sets the type of the response; `application/octet-stream` by default.
   *
   * @throws when the response has begun.
   */
  setContentType(contentType: string): void;
};

export interface StreamingOptions {
  /** Bytes that wait in the stream before `write` returns false; Node's default for writable streams. */
  readonly highWaterMark?: number;
}

/**
 * Marks a handler as one that streams its response, as AWS's function of that name does.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
 * @example
 *     export const handler = streamifyResponse(async (event, responseStream) => {
 *       responseStream.setContentType('text/csv');
 *       await pipeline(rows(event), responseStream);
 *     });
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

/** Status code, headers and cookies of an HTTP response, in front of its body. */
export const HttpResponseStream = {
  /**
   * Has these go out before the first byte, or when the stream ends without one. Returns the same stream.
   *
   * @example
   *     const body = HttpResponseStream.from(responseStream, { statusCode: 404, headers: { 'x-reason': 'none' } });
   */
  from<Stream extends WritableResponse>(responseStream: Stream, metadata: Record<string, unknown>): Stream {
    responseStream.setContentType('application/vnd.awslambda.http-integration-response');
    const prelude = `${JSON.stringify(metadata)}${'\0'.repeat(8)}`;
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
