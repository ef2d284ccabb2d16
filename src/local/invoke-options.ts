import type { IncomingHttpHeaders } from 'node:http';
import { refused } from './front-answers.ts';
import type { Refused } from './front-answers.ts';
import { headerText } from './header-text.ts';
import type { InvokeOptions } from './invoke.ts';

/**
 * Reads what of a call becomes headers of `/next`; or refuses what AWS would. Whatever it returns can be sent: an event
 * for later is taken before anybody tries.
 */
export function readInvokeOptions(
  functionArn: string,
  qualifier: string | undefined,
  headers: IncomingHttpHeaders,
): InvokeOptions | Refused {
  const tenantId = headers['x-amz-tenant-id']?.toString();
  const traceId = headers['x-amzn-trace-id']?.toString();
  const encoded = headers['x-amz-client-context']?.toString();
  const clientContext = encoded === undefined ? undefined : clientContextOf(encoded);
  if (qualifier !== undefined && !QUALIFIER.test(qualifier)) {
    return refused(400, 'InvalidParameterValueException', 'A qualifier is a version or the name of an alias');
  }
  if (tenantId !== undefined && !TENANT_ID.test(tenantId)) {
    return refused(
      400,
      'InvalidParameterValueException',
      'A tenant id has up to 256 letters, digits, spaces and characters of . _ : / = + - @',
    );
  }
  if (clientContext === null) {
    return refused(
      400,
      'InvalidRequestContentException',
      `The client context is not base64 of JSON, or longer than ${MOST_ENCODED} bytes`,
    );
  }
  return {
    ...(clientContext !== undefined && { clientContext }),
    ...(tenantId !== undefined && { tenantId }),
    ...(traceId !== undefined && { traceId: headerText(traceId) }),
    ...(qualifier !== undefined && {
      headers: { 'Lambda-Runtime-Invoked-Function-Arn': `${functionArn}:${qualifier}` },
    }),
  };
}

const QUALIFIER = /^[\w$-]+$/;
const TENANT_ID = /^[\w.:/=+\-@ ]{1,256}$/;
/** In bytes of base64. */
const MOST_ENCODED = 3583;

/** Null if it cannot be read. Written anew, it has no line breaks. */
function clientContextOf(encoded: string): string | null {
  if (encoded.length > MOST_ENCODED) return null;
  try {
    return JSON.stringify(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  } catch {
    return null;
  }
}
