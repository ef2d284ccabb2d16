import { type HttpAnswer, bytesAnswer, jsonAnswer } from '../http-exchange.ts';
import type { InvokeResult } from '../invoke.ts';

/**
 * Creates the Invoke API's response for a result.
 *
 * @param logTail the end of the invocation's log, in base64.
 */
export function invokeAnswer(result: InvokeResult, version: string, logTail?: string): HttpAnswer {
  const logHeaders = logTail === undefined ? [] : ['X-Amz-Log-Result', logTail];
  switch (result.status) {
    case 'response':
      return bytesAnswer(200, result.body, [
        'Content-Type',
        result.contentType ?? 'application/json',
        ...invocationHeaders(result.requestId, version),
        ...logHeaders,
      ]);
    case 'error':
      return bytesAnswer(200, result.body, [
        ...JSON_TYPE,
        ...invocationHeaders(result.requestId, version),
        ...UNHANDLED,
        ...logHeaders,
      ]);
    case 'timeout': {
      const { requestId, errorType, errorMessage } = result;
      return jsonAnswer(200, { errorType, errorMessage }, [
        ...invocationHeaders(requestId, version),
        ...UNHANDLED,
        ...logHeaders,
      ]);
    }
    case 'unavailable':
      return apiError(503, 'ServiceException', `${result.errorType}: ${result.errorMessage}`);
  }
}

/** Creates the response to an asynchronous invocation. */
export function queuedAnswer(requestId: string, version: string): HttpAnswer {
  return bytesAnswer(202, '', invocationHeaders(requestId, version));
}

/** Creates the response to a dry run. */
export function dryRunAnswer(requestId: string, version: string): HttpAnswer {
  return { status: 204, headers: invocationHeaders(requestId, version), body: '' };
}

/** Creates an error response of the Invoke API. `errorType` becomes the error's name in AWS's SDKs. */
export function apiError(status: number, errorType: string, message: string): HttpAnswer {
  const body = { Type: status < 500 ? 'User' : 'Service', Message: message, message };
  return jsonAnswer(status, body, ['x-amzn-ErrorType', errorType]);
}

/** A call that was rejected, with the response to its caller. */
export interface Rejection {
  readonly rejected: HttpAnswer;
}

/** Rejects a call with an error of the Invoke API. */
export function rejection(status: number, errorType: string, message: string): Rejection {
  return { rejected: apiError(status, errorType, message) };
}

/** The response when the function's concurrency is in use. */
export const THROTTLED = bytesAnswer(
  429,
  JSON.stringify({
    Type: 'User',
    Reason: 'ConcurrentInvocationLimitExceeded',
    Message: 'Rate Exceeded.',
    message: 'Rate Exceeded.',
  }),
  ['Content-Type', 'application/json', 'x-amzn-ErrorType', 'TooManyRequestsException'],
);

const JSON_TYPE = ['Content-Type', 'application/json'];
const UNHANDLED = ['X-Amz-Function-Error', 'Unhandled'];

/** Creates the headers that identify an invocation. */
export function invocationHeaders(requestId: string, version: string): string[] {
  return ['x-amzn-requestid', requestId, 'X-Amz-Executed-Version', version];
}
