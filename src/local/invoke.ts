import { join } from './http-exchange.ts';

/** How one event is invoked. What is not given is absent from the headers of `/next`. */
export interface InvokeOptions {
  /** Milliseconds until the caller has a timeout; the server's `timeoutMs` by default. */
  readonly timeoutMs?: number;
  /** The deadline itself, epoch ms, for the header and for its enforcement. Goes before `timeoutMs`. */
  readonly deadlineMs?: number;
  /** A random UUID by default. */
  readonly requestId?: string;
  /** JSON, without line breaks; sent as UTF-8 bytes, DEL as an escape. */
  readonly clientContext?: string;
  /** JSON, without line breaks; sent as UTF-8 bytes, DEL as an escape. */
  readonly cognitoIdentity?: string;
  readonly tenantId?: string;
  readonly traceId?: string;
  /** Headers of `/next` to add or to replace, whatever their case; `undefined` removes one. For malformed answers. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Waits for a parked poll instead of being refused when there is none. First come, first served. */
  readonly whenCapacity?: boolean;
  /** Gets the init error, where the function could not start and nothing has polled since, instead of waiting. */
  readonly orInitError?: boolean;
  /** Gives up waiting for the result. An event that was handed over stays with the runtime, as on Lambda. */
  readonly signal?: AbortSignal;
  /** Gives up waiting for a poll, as one who calls over HTTP and goes: its event is not run, and it gets `unavailable`. */
  readonly whileWaiting?: AbortSignal;
  /** Sees the bytes of a streaming response as they arrive. No more are read until what it returns has resolved. */
  readonly onChunk?: (chunk: Buffer, contentType: string | undefined) => void | Promise<void>;
  /** Whether the result has all bytes of a streaming response, or the chunks of its first 16 KiB; true by default. */
  readonly keepStream?: boolean;
}

/** How an invocation ended. */
export type InvokeResult = InvokeResponse | InvokeError | InvokeTimeout | InvokeUnavailable;

/** The handler's response. */
export interface InvokeResponse {
  readonly status: 'response';
  readonly requestId: string;
  readonly body: Buffer;
  /** Of the whole response, also where not all of a stream is kept. */
  readonly totalBytes: number;
  readonly contentType: string | undefined;
  readonly mode: 'buffered' | 'streaming';
  /** By lower-case name. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** What the runtime posted to `/error` or put into the trailers of a stream; or that it broke off a stream or left. */
export interface InvokeError {
  readonly status: 'error';
  readonly requestId: string;
  /** As Lambda records it, see {@link recordedErrorType}. */
  readonly errorType: string;
  /** As the runtime sent it. */
  readonly rawErrorType: string | undefined;
  readonly body: Buffer;
  /** The body parsed, if it is a JSON object. */
  readonly error: ErrorBody | undefined;
  readonly xrayErrorCause: string | undefined;
  /** Whether a part of the response had been sent. */
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
  /** What a streaming response had sent until then. */
  readonly received: Buffer;
}

/** No `/next` was parked, so that the event went nowhere (`Runtime.Unavailable`). */
interface InvokeUnavailable {
  readonly status: 'unavailable';
  readonly errorType: 'Runtime.Unavailable';
  readonly errorMessage: string;
}

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

/**
 * The error body that a runtime posts. All its fields are optional here, because a runtime may post anything.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export interface ErrorBody {
  /** For example `TypeError` or `Runtime.ImportModuleError`. */
  readonly errorType?: string;
  /** What went wrong. */
  readonly errorMessage?: string;
  /** The lines of the stack. */
  readonly stackTrace?: readonly string[];
  /** Whatever else the runtime has sent. */
  readonly [field: string]: unknown;
}

/** Reads an error body; `undefined` when it is not a JSON object. */
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

/** The error type as Lambda records it: one that is not like `Runtime.Xxx` or `Function.Xxx` becomes `Runtime.Unknown`. */
export function recordedErrorType(header: string | undefined): string {
  return header !== undefined && WELL_FORMED.test(header) ? header : 'Runtime.Unknown';
}

const WELL_FORMED = /^(Runtime|Function)\.[A-Z][a-zA-Z]+$/;
