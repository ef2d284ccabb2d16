import { type HttpAnswer, bytesAnswer, jsonAnswer } from '../http-exchange.ts';
import type { InvokeResult } from '../invoke.ts';

/**
 * Makes Lambda's answer to a caller of the Invoke API.
 *
 * @param logTail in base64.
 */
export function invokeAnswer(result: InvokeResult, version: string, logTail?: string): HttpAnswer {
  const more = logTail === undefined ? [] : ['X-Amz-Log-Result', logTail];
  switch (result.status) {
    case 'response':
      return bytesAnswer(200, result.body, [
        'Content-Type',
        result.contentType ?? 'application/json',
        ...executed(result.requestId, version),
        ...more,
      ]);
    case 'error':
      return bytesAnswer(200, result.body, [
        ...JSON_TYPE,
        ...executed(result.requestId, version),
        ...UNHANDLED,
        ...more,
      ]);
    case 'timeout': {
      const { requestId, errorType, errorMessage } = result;
      return jsonAnswer(200, { errorType, errorMessage }, [
        ...executed(requestId, version),
        ...UNHANDLED,
        ...more,
      ]);
    }
    case 'unavailable':
      return apiError(503, 'ServiceException', `${result.errorType}: ${result.errorMessage}`);
  }
}

/** The answer to an event that was taken for later. */
export function queuedAnswer(requestId: string, version: string): HttpAnswer {
  return bytesAnswer(202, '', executed(requestId, version));
}

/** The answer to a dry run. */
export function dryRunAnswer(requestId: string, version: string): HttpAnswer {
  return { status: 204, headers: executed(requestId, version), body: '' };
}

/** An error of the Invoke API in AWS's JSON shape; `errorType` becomes the error's name in the SDK. */
export function apiError(status: number, errorType: string, message: string): HttpAnswer {
  const body = { Type: status < 500 ? 'User' : 'Service', Message: message, message };
  return jsonAnswer(status, body, ['x-amzn-ErrorType', errorType]);
}

/** A call that is not made, and what its caller gets. */
export interface Refused {
  readonly refused: HttpAnswer;
}

/** Refuses a call with an error of the Invoke API. */
export function refused(status: number, errorType: string, message: string): Refused {
  return { refused: apiError(status, errorType, message) };
}

/** The answer when there are as many invocations as the function may have at once. */
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

/** The headers that name an invocation. */
export function executed(requestId: string, version: string): string[] {
  return ['x-amzn-requestid', requestId, 'X-Amz-Executed-Version', version];
}
