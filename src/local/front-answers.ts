import { type Answer, bytesAnswer, jsonAnswer } from './http-answers.ts';
import type { InvokeResult } from './invoke.ts';

/** Makes Lambda's answer to a caller of the Invoke API. */
export function invokeAnswer(result: InvokeResult): Answer {
  switch (result.status) {
    case 'response':
      return bytesAnswer(200, result.body, [
        'Content-Type',
        result.contentType ?? 'application/json',
        ...executed(result.requestId),
      ]);
    case 'error':
      return bytesAnswer(200, result.body, [...JSON_TYPE, ...executed(result.requestId), ...UNHANDLED]);
    case 'timeout': {
      const { requestId, errorType, errorMessage } = result;
      return jsonAnswer(200, { errorType, errorMessage }, [...executed(requestId), ...UNHANDLED]);
    }
    case 'unavailable':
      return apiError(503, 'ServiceException', `${result.errorType}: ${result.errorMessage}`);
  }
}

/** The answer to an event that was taken for later. */
export function queuedAnswer(requestId: string): Answer {
  return bytesAnswer(202, '', executed(requestId));
}

/** The answer to a dry run. */
export function dryRunAnswer(requestId: string): Answer {
  return { status: 204, headers: executed(requestId), body: '' };
}

/** An error of the Invoke API in AWS's JSON shape; `errorType` becomes the error's name in the SDK. */
export function apiError(status: number, errorType: string, message: string): Answer {
  const body = { Type: status < 500 ? 'User' : 'Service', Message: message, message };
  return jsonAnswer(status, body, ['x-amzn-ErrorType', errorType]);
}

const JSON_TYPE = ['Content-Type', 'application/json'];
const UNHANDLED = ['X-Amz-Function-Error', 'Unhandled'];

function executed(requestId: string): string[] {
  return ['x-amzn-requestid', requestId, 'X-Amz-Executed-Version', '$LATEST'];
}
