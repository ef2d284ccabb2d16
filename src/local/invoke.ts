import { join } from './http-exchange.ts';

/** Options of one invocation. Omitted fields are absent from the headers of `/next`. */
export interface InvokeOptions {
  /** The timeout of the invocation. Default: the server's `timeoutMs`. */
  readonly timeoutMs?: number;
  /** The deadline, epoch ms. Takes precedence over `timeoutMs`. */
  readonly deadlineMs?: number;
  /**
   * The time until the deadline that the runtime is told, in ms from the delivery of the event. The timeout stays as it is.
   * Default: the timeout.
   */
  readonly deadlineInMs?: number;
  /** Default: a random UUID. */
  readonly requestId?: string;
  /** JSON without line breaks. Sent as UTF-8, with DEL escaped. */
  readonly clientContext?: string;
  /** JSON without line breaks. Sent as UTF-8, with DEL escaped. */
  readonly cognitoIdentity?: string;
  readonly tenantId?: string;
  readonly traceId?: string;
  /** Headers of `/next` to add or replace, case-insensitively; `undefined` removes one. For tests of malformed responses. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Waits for a poll if none is open, instead of failing. Callers are served first come, first served. */
  readonly whenCapacity?: boolean;
  /** Returns the init error instead of waiting, if the function could not start and no poll has arrived since. */
  readonly orInitError?: boolean;
  /** Stops waiting for the result. An event that was delivered stays with the runtime, as on Lambda. */
  readonly signal?: AbortSignal;
  /** Stops waiting for a poll, as when an HTTP caller disconnects. The result is `unavailable`, and the event is not run. */
  readonly whileWaiting?: AbortSignal;
  /** Receives the chunks of a streaming response as they arrive. Reading pauses until the returned promise resolves. */
  readonly onChunk?: (chunk: Buffer, contentType: string | undefined) => void | Promise<void>;
  /** Whether the result contains all of a streaming response, or only its first 16 KiB. Default: true. */
  readonly keepStream?: boolean;
}

/** How an invocation ended. */
export type InvokeResult = InvokeResponse | InvokeError | InvokeTimeout | InvokeUnavailable;

/** The handler's response. */
export interface InvokeResponse {
  readonly status: 'response';
  readonly requestId: string;
  readonly body: Buffer;
  /** The size of the whole response, even if `body` contains only its beginning. */
  readonly totalBytes: number;
  readonly contentType: string | undefined;
  readonly mode: 'buffered' | 'streaming';
  /** By lower-case name. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** The runtime posted to `/error`, sent an error in a stream's trailers, aborted a stream, or exited. */
export interface InvokeError {
  readonly status: 'error';
  readonly requestId: string;
  /** The type that Lambda records, see {@link recordedErrorType}. */
  readonly errorType: string;
  /** The type as the runtime sent it. */
  readonly rawErrorType: string | undefined;
  readonly body: Buffer;
  /** The body parsed, if it is a JSON object. */
  readonly error: ErrorBody | undefined;
  readonly xrayErrorCause: string | undefined;
  /** Whether a part of the response had been sent before the error. */
  readonly midStream: boolean;
  /** That part; empty otherwise. */
  readonly received: Buffer;
}

/** The deadline passed (`Sandbox.Timedout`). The runtime is not told. */
interface InvokeTimeout {
  readonly status: 'timeout';
  readonly requestId: string;
  readonly errorType: 'Sandbox.Timedout';
  readonly errorMessage: string;
  /** The part of a streaming response that arrived before the deadline. */
  readonly received: Buffer;
}

/** The event was not delivered, because no `/next` was open (`Runtime.Unavailable`). */
interface InvokeUnavailable {
  readonly status: 'unavailable';
  readonly errorType: 'Runtime.Unavailable';
  readonly errorMessage: string;
}

/** An error as the runtime reported it, in a post to `/error` or in the trailers of a stream. */
export interface ReportedError {
  readonly rawErrorType: string | undefined;
  readonly body: Buffer;
  readonly xrayErrorCause?: string | undefined;
  /** The chunks of a stream that arrived before the error. */
  readonly stream?: readonly Buffer[] | undefined;
}

/** Creates the result for an error that the runtime reported. */
export function failedResult(requestId: string, reported: ReportedError): InvokeError {
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

/** Creates the result for an invocation whose runtime exited or aborted the stream. */
export function exitedResult(
  requestId: string,
  errorType: string,
  message: string,
  stream: readonly Buffer[] | undefined,
): InvokeError {
  const errorMessage = `RequestId: ${requestId} Error: ${message}`;
  const body = Buffer.from(JSON.stringify({ errorType, errorMessage }));
  return {
    ...failedResult(requestId, { rawErrorType: errorType, body, stream }),
    errorType,
    rawErrorType: undefined,
  };
}

/** Creates the result for a response above the size limit. */
export function tooLargeResult(requestId: string, bytes: number, maxBytes: number): InvokeError {
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${maxBytes} bytes).`;
  const body = Buffer.from(JSON.stringify({ errorType, errorMessage }));
  return { ...failedResult(requestId, { rawErrorType: errorType, body }), rawErrorType: undefined };
}

/** Creates the result for an invocation that missed its deadline. */
export function timedOutResult(
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

/** Creates the result for an event that was not delivered. */
export function unavailableResult(errorMessage: string): InvokeUnavailable {
  return { status: 'unavailable', errorType: 'Runtime.Unavailable', errorMessage };
}

/**
 * The error body that a runtime posts. All fields are optional, because a runtime may post anything.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export interface ErrorBody {
  /** The error's type, for example `TypeError` or `Runtime.ImportModuleError`. */
  readonly errorType?: string;
  /** The error's message. */
  readonly errorMessage?: string;
  /** The lines of the error's stack. */
  readonly stackTrace?: readonly string[];
  /** Other fields that the runtime sent. */
  readonly [field: string]: unknown;
}

/** Parses an error body. Returns `undefined` if it is not a JSON object. */
export function parseDiagnostic(body: Buffer): ErrorBody | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as ErrorBody)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the error type that Lambda records: `Runtime.Unknown` if the type does not match `Runtime.Xxx` or `Function.Xxx`. */
export function recordedErrorType(header: string | undefined): string {
  return header !== undefined && WELL_FORMED.test(header) ? header : 'Runtime.Unknown';
}

const WELL_FORMED = /^(Runtime|Function)\.[A-Z][a-zA-Z]+$/;
