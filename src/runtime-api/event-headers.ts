import { utf8 } from '../invocation/invocation.ts';
import type { InvocationMetadata } from '../invocation/invocation.ts';

/** The headers of an HTTP response, with names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The metadata from the headers of a `/next` response, or the reason why they are malformed. */
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
      fault: 'the request id has characters that are not allowed in a path',
    };
  }
  const deadline = present(headers['lambda-runtime-deadline-ms']);
  const deadlineMs = deadline !== undefined && /^\d{1,15}$/.test(deadline) ? Number(deadline) : undefined;
  if (deadlineMs === undefined) {
    const fault = `the header Lambda-Runtime-Deadline-Ms is ${deadline === undefined ? 'missing' : `not a number: ${deadline}`}`;
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
 * The value of a header, decoded from UTF-8. Undefined for an empty header, because Lambda may send optional headers as empty
 * strings. Takes the first value of a repeated header.
 */
function present(value: string | string[] | undefined): string | undefined {
  const single = Array.isArray(value) ? value[0] : value;
  return single === undefined || single === '' ? undefined : utf8(single);
}
