import { utf8 } from '../invocation/invocation.ts';
import type { InvocationMetadata } from '../invocation/invocation.ts';

/** The headers of an HTTP answer, names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What the headers of a `/next` answer say, or what is wrong with them. */
export type ParsedHeaders =
  | { readonly type: 'valid'; readonly metadata: InvocationMetadata }
  | { readonly type: 'malformed'; readonly requestId: string | undefined; readonly fault: string };

/** @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next */
export function parseEventHeaders(headers: Headers): ParsedHeaders {
  const requestId = present(headers['lambda-runtime-aws-request-id']);
  if (requestId === undefined) {
    return { type: 'malformed', requestId, fault: 'the header Lambda-Runtime-Aws-Request-Id is missing' };
  }
  if (!/^[\w.-]{1,256}$/.test(requestId)) {
    return {
      type: 'malformed',
      requestId: undefined,
      fault: 'the request id has characters that no path can carry',
    };
  }
  const deadline = present(headers['lambda-runtime-deadline-ms']);
  const deadlineMs = deadline !== undefined && /^\d{1,15}$/.test(deadline) ? Number(deadline) : undefined;
  if (deadlineMs === undefined) {
    const fault = `the header Lambda-Runtime-Deadline-Ms is ${deadline === undefined ? 'missing' : `no number: ${deadline}`}`;
    return { type: 'malformed', requestId, fault };
  }
  return {
    type: 'valid',
    metadata: {
      requestId,
      deadlineMs,
      invokedFunctionArn: present(headers['lambda-runtime-invoked-function-arn']) ?? '',
      traceId: present(headers['lambda-runtime-trace-id']),
      clientContext: present(headers['lambda-runtime-client-context']),
      cognitoIdentity: present(headers['lambda-runtime-cognito-identity']),
      tenantId: present(headers['lambda-runtime-aws-tenant-id']),
    },
  };
}

/**
 * The text of a header: Lambda sends UTF-8. Optional headers may be absent or empty; both mean absent. A header that came
 * twice counts once.
 */
function present(value: string | string[] | undefined): string | undefined {
  const single = Array.isArray(value) ? value[0] : value;
  return single === undefined || single === '' ? undefined : utf8(single);
}

/**
 * The header that classifies an error. Lambda records types in the form `Runtime.Xxx` or `Function.Xxx` (letters only)
 * as they are and all others as `Runtime.Unknown`; a handler's own error type therefore goes under `Function.`.
 */
export function errorTypeHeader(errorType: string): [name: string, value: string] {
  if (/^(?:Runtime|Function)\.[A-Z][A-Za-z]{0,127}$/.test(errorType)) return [NAME, errorType];
  const word = errorType.replaceAll(/[^A-Za-z]/g, '').slice(0, 128);
  const capitalised = word.charAt(0).toUpperCase() + word.slice(1);
  return [NAME, /^[A-Z]/.test(capitalised) ? `Function.${capitalised}` : 'Function.Error'];
}

const NAME = 'lambda-runtime-function-error-type';
