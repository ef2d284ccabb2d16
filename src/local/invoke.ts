import type { Diagnostic } from './diagnostic.ts';

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
  readonly error: Diagnostic | undefined;
  readonly xrayErrorCause: string | undefined;
  /** Whether a part of the response had been sent. */
  readonly midStream: boolean;
  /** That part; empty otherwise. */
  readonly received: Buffer;
}

/** The deadline passed (`Sandbox.Timedout`). The runtime is not told. */
export interface InvokeTimeout {
  readonly status: 'timeout';
  readonly requestId: string;
  readonly errorType: 'Sandbox.Timedout';
  readonly errorMessage: string;
  /** What a streaming response had sent until then. */
  readonly received: Buffer;
}

/** No `/next` was parked, so that the event went nowhere (`Runtime.Unavailable`). */
export interface InvokeUnavailable {
  readonly status: 'unavailable';
  readonly errorType: 'Runtime.Unavailable';
  readonly errorMessage: string;
}
