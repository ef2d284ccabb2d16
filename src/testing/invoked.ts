import type { InvokeResult } from '../local/invoke.ts';

/**
 * The result of an invocation. `status` tells the cases apart.
 *
 * @example
 * ```ts
 * import type { Invoked } from 'lambda-managed-runtime/testing';
 *
 * function payloadOf(result: Invoked): unknown {
 *   if (result.status === 'response') return result.payload;
 *   throw new Error(result.errorMessage);
 * }
 * ```
 */
export type Invoked = InvokedResponse | InvokedError | InvokedTimeout | NotInvoked;

/** The handler returned or streamed a response. */
export interface InvokedResponse {
  /** Which case it is. */
  readonly status: 'response';
  /** The request id, equal to `context.awsRequestId`. */
  readonly requestId: string;
  /** The response, parsed as JSON; undefined if it is not JSON. */
  readonly payload: unknown;
  /** The bytes of the response. For a streamed response, all of its chunks. */
  readonly body: Buffer;
  /**
   * The response's content type: `application/json`, or the one that the codec or the streaming handler set. The default of
   * those two is `application/octet-stream`.
   */
  readonly contentType: string | undefined;
}

/** The handler or its thread failed, for a streamed response possibly after its first bytes. */
export interface InvokedError {
  /** Which case it is. */
  readonly status: 'error';
  /** The request id, equal to `context.awsRequestId`. */
  readonly requestId: string;
  /** The error type that callers of the function see, for example `TypeError` or `Runtime.OutOfMemory`. */
  readonly errorType: string;
  /** The error's message. */
  readonly errorMessage: string;
  /** The lines of the error's stack; empty if it has none. */
  readonly stackTrace: readonly string[];
  /** The bytes of a streamed response that arrived before the error; empty otherwise. */
  readonly body: Buffer;
}

/** The invocation's timeout elapsed. On Lambda the caller gets `Sandbox.Timedout`. */
export interface InvokedTimeout {
  /** Which case it is. */
  readonly status: 'timeout';
  /** The request id, equal to `context.awsRequestId`. */
  readonly requestId: string;
  /** Lambda's message, with the request id and the timeout in seconds. */
  readonly errorMessage: string;
  /** The bytes of a streamed response that arrived before the timeout; empty otherwise. */
  readonly body: Buffer;
}

/** The server was closed before a runtime received the event. */
export interface NotInvoked {
  /** Which case it is. */
  readonly status: 'unavailable';
  /** Why the event was not delivered. */
  readonly errorMessage: string;
}

/** Converts the server's result into the public type. */
export function toInvoked(result: InvokeResult): Invoked {
  switch (result.status) {
    case 'response': {
      const { status, requestId, body, contentType } = result;
      return { status, requestId, payload: parse(body), body, contentType };
    }
    case 'error': {
      const { status, requestId, error, errorType, body, received } = result;
      return {
        status,
        requestId,
        errorType: error?.errorType ?? errorType,
        errorMessage: error?.errorMessage ?? body.toString(),
        stackTrace: error?.stackTrace ?? [],
        body: received,
      };
    }
    case 'timeout': {
      const { status, requestId, errorMessage, received } = result;
      return { status, requestId, errorMessage, body: received };
    }
    case 'unavailable':
      return { status: result.status, errorMessage: result.errorMessage };
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
