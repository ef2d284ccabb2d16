import { parseDiagnostic, recordedErrorType } from './diagnostic.ts';
import type { InvokeError, InvokeTimeout, InvokeUnavailable } from './invoke.ts';
import { join } from './request-body.ts';

/** What the runtime said of an error, in a `/error` or in the trailers of a stream. */
export interface ReportedError {
  readonly rawErrorType: string | undefined;
  readonly body: Buffer;
  readonly xrayErrorCause?: string | undefined;
  /** The bytes of a stream that came before the error. */
  readonly stream?: readonly Buffer[] | undefined;
}

/** The error that the runtime reported. */
export function failed(requestId: string, reported: ReportedError): InvokeError {
  return {
    status: 'error',
    requestId,
    errorType: recordedErrorType(reported.rawErrorType),
    rawErrorType: reported.rawErrorType,
    body: reported.body,
    error: parseDiagnostic(reported.body),
    xrayErrorCause: reported.xrayErrorCause,
    midStream: reported.stream !== undefined,
    received: join(reported.stream ?? []),
  };
}

/** The error of an invocation whose runtime went away. */
export function exited(
  requestId: string,
  errorType: string,
  message: string,
  stream: readonly Buffer[] | undefined,
): InvokeError {
  const errorMessage = `RequestId: ${requestId} Error: ${message}`;
  const body = Buffer.from(JSON.stringify({ errorType, errorMessage }));
  return {
    ...failed(requestId, { rawErrorType: errorType, body, stream }),
    errorType,
    rawErrorType: undefined,
  };
}

/** The caller's result when the response is over the limit. */
export function tooLarge(requestId: string, bytes: number, mostBytes: number): InvokeError {
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${mostBytes} bytes).`;
  const body = Buffer.from(JSON.stringify({ errorType, errorMessage }));
  return { ...failed(requestId, { rawErrorType: errorType, body }), rawErrorType: undefined };
}

/** The caller's result when the deadline passes. */
export function timedOut(
  requestId: string,
  afterMs: number,
  stream: readonly Buffer[] | undefined,
): InvokeTimeout {
  const seconds = (Math.max(0, afterMs) / 1000).toFixed(2);
  return {
    status: 'timeout',
    requestId,
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`,
    received: join(stream ?? []),
  };
}

/** The caller's result when no poll can take its event. */
export function unavailable(errorMessage: string): InvokeUnavailable {
  return { status: 'unavailable', errorType: 'Runtime.Unavailable', errorMessage };
}
