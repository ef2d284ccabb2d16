import type { InvokeResult } from '../local/invoke.ts';

/**
 * What became of an invocation: tell cases apart by `status`.
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

/** The handler has answered. */
export interface InvokedResponse {
  /** Which case it is. */
  readonly status: 'response';
  /** As `context.awsRequestId` had it. */
  readonly requestId: string;
  /** The answer, parsed; undefined if it is not JSON. */
  readonly payload: unknown;
  /** The answer as it came; of a streamed response all of it. */
  readonly body: Buffer;
  /** `application/json`, or what the codec or the streaming handler has set; both begin with `application/octet-stream`. */
  readonly contentType: string | undefined;
}

/** The handler has failed, or its thread; of a streamed response maybe after a part of it. */
export interface InvokedError {
  /** Which case it is. */
  readonly status: 'error';
  /** As `context.awsRequestId` had it. */
  readonly requestId: string;
  /** As the caller of the function sees it, for example `TypeError` or `Runtime.OutOfMemory`. */
  readonly errorType: string;
  /** The error's message. */
  readonly errorMessage: string;
  /** The lines of its stack; empty where there is none. */
  readonly stackTrace: readonly string[];
  /** What of a streamed response came before the error; empty otherwise. */
  readonly body: Buffer;
}

/** The deadline has passed; the caller of a function gets `Sandbox.Timedout`. */
export interface InvokedTimeout {
  /** Which case it is. */
  readonly status: 'timeout';
  /** As `context.awsRequestId` had it. */
  readonly requestId: string;
  /** As Lambda words it, with the request id and the seconds. */
  readonly errorMessage: string;
  /** What of a streamed response came before the deadline; empty otherwise. */
  readonly body: Buffer;
}

/** The server was closed before a runtime took the event. */
export interface NotInvoked {
  /** Which case it is. */
  readonly status: 'unavailable';
  /** Why nobody took it. */
  readonly errorMessage: string;
}

export function invoked(result: InvokeResult): Invoked {
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
