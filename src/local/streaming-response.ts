import type { IncomingHttpHeaders } from 'node:http';
import type { Exchange } from './http-answers.ts';
import type { InvokeError, InvokeResponse } from './invoke.ts';
import { exited, failed } from './invoke-results.ts';
import type { OpenInvocation, OpenInvocations } from './open-invocations.ts';
import { join } from './request-body.ts';

/** Takes a streaming response, chunk by chunk, and answers it at its end. No limit of size. */
export function receiveStream(exchange: Exchange, requestId: string, invocations: OpenInvocations): void {
  const { req, reply } = exchange;
  const invocation = invocations.beginStream(requestId);
  if (invocation === undefined) {
    req.on('end', () => reply(invocations.refuse(requestId)));
    req.resume();
    return;
  }
  let ended = false;
  req.on('data', (chunk: Buffer) => {
    if (!invocations.isCurrent(invocation)) return;
    keep(invocation, chunk);
    const taken = invocation.onChunk?.(chunk, req.headers['content-type']);
    if (taken === undefined) return;
    req.pause();
    void taken.then(() => req.resume());
  });
  req.on('end', () => {
    ended = true;
    const result = streamResult(invocation, req.headers, req.trailers);
    reply(invocations.acceptStream(invocation, result));
  });
  req.on('close', () => {
    if (!ended) invocations.breakStream(invocation, brokenOff(invocation));
  });
}

function keep(invocation: OpenInvocation, chunk: Buffer): void {
  if (invocation.keepStream || invocation.streamedBytes < BEGINNING_BYTES) invocation.stream?.push(chunk);
  invocation.streamedBytes += chunk.length;
}

const BEGINNING_BYTES = 16 * 1024;

function streamResult(
  { requestId, stream = [], streamedBytes }: OpenInvocation,
  headers: IncomingHttpHeaders,
  trailers: NodeJS.Dict<string>,
): InvokeResponse | InvokeError {
  const rawErrorType = trailers['lambda-runtime-function-error-type'];
  if (rawErrorType !== undefined) {
    const body = Buffer.from(trailers['lambda-runtime-function-error-body'] ?? '', 'base64');
    return failed(requestId, { rawErrorType, body, stream });
  }
  return {
    status: 'response',
    requestId,
    body: join(stream),
    totalBytes: streamedBytes,
    contentType: headers['content-type'],
    mode: 'streaming',
    trailers,
  };
}

function brokenOff({ requestId, stream }: OpenInvocation): InvokeError {
  return exited(requestId, 'Runtime.TruncatedResponse', 'The response stream was broken off', stream);
}
