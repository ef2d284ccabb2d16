import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { apiError, dryRunAnswer, invokeAnswer, queuedAnswer } from './front-answers.ts';
import type { Answer } from './http-answers.ts';
import type { Route } from './http-server.ts';
import type { InvokeOptions, InvokeResult } from './invoke.ts';
import { decodePathPart } from './path-part.ts';
import { collectBody, MAX_PAYLOAD_BYTES } from './request-body.ts';

/** The function that callers name, and the way to invoke it. */
export interface FrontSettings {
  readonly functionName: string;
  readonly functionArn: string;
  readonly invoke: (event: Buffer, options: InvokeOptions) => Promise<InvokeResult>;
}

/**
 * Makes the Invoke API (`POST /2015-03-31/functions/{name}/invocations`), for AWS's SDKs and CLI. It says false of a
 * request that isn't its own.
 *
 * With no poll parked a synchronous call gets a 503 `ServiceException`, which SDKs retry by default: a test that
 * wants to see it sets `maxAttempts: 1`. An `Event` call waits for a poll, as Lambda's queue would.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export function frontRoutes(settings: FrontSettings): Route {
  return ({ req, reply }) => {
    const name = req.method === 'POST' ? INVOCATIONS.exec(req.url ?? '')?.[1] : undefined;
    if (name === undefined) return false;
    collectBody(req, MAX_PAYLOAD_BYTES, (body) => {
      const refused = body === undefined ? TOO_LARGE : refuse(settings, decodePathPart(name), body);
      if (refused !== undefined) reply(refused);
      else if (body !== undefined)
        invoke(settings, req.headers, body.length === 0 ? NO_PAYLOAD : body, reply);
    });
    return true;
  };
}

const INVOCATIONS = /^\/2015-03-31\/functions\/([^/?]+)\/invocations\/?(?:\?|$)/;
const NO_PAYLOAD = Buffer.from('{}');
const TOO_LARGE = apiError(
  413,
  'RequestTooLargeException',
  `Request must be smaller than ${MAX_PAYLOAD_BYTES} bytes for the InvokeFunction operation`,
);

function refuse(
  { functionName, functionArn }: FrontSettings,
  name: string,
  body: Buffer,
): Answer | undefined {
  const named = [functionName, functionArn, functionArn.split(':').slice(4).join(':')];
  if (!named.some((each) => name === each || name.startsWith(`${each}:`))) {
    return apiError(404, 'ResourceNotFoundException', `Function not found: ${name}`);
  }
  return body.length === 0 || isJson(body)
    ? undefined
    : apiError(400, 'InvalidRequestContentException', 'Could not parse request body into json');
}

function invoke(
  { invoke: call }: FrontSettings,
  headers: IncomingHttpHeaders,
  event: Buffer,
  reply: (answer: Answer) => void,
): void {
  const requestId = randomUUID();
  const options = invokeOptions(headers, requestId);
  if (options === undefined) {
    return reply(apiError(400, 'InvalidRequestContentException', 'The client context is not base64 of JSON'));
  }
  const failed = (error: unknown): void =>
    reply(apiError(400, 'InvalidRequestContentException', String(error)));
  switch (headers['x-amz-invocation-type'] ?? 'RequestResponse') {
    case 'RequestResponse':
      call(event, options).then((result) => reply(invokeAnswer(result)), failed);
      return;
    case 'Event':
      // Nobody waits for what becomes of it.
      call(event, { ...options, whenCapacity: true }).catch(() => {});
      return reply(queuedAnswer(requestId));
    case 'DryRun':
      return reply(dryRunAnswer(requestId));
    default:
      return reply(apiError(400, 'InvalidParameterValueException', 'Unknown invocation type'));
  }
}

function invokeOptions(headers: IncomingHttpHeaders, requestId: string): InvokeOptions | undefined {
  const encoded = headers['x-amz-client-context']?.toString();
  const tenantId = headers['x-amz-tenant-id']?.toString();
  const traceId = headers['x-amzn-trace-id']?.toString();
  const clientContext = encoded === undefined ? undefined : compactJson(Buffer.from(encoded, 'base64'));
  if (encoded !== undefined && clientContext === undefined) return undefined;
  return {
    requestId,
    ...(clientContext !== undefined && { clientContext }),
    ...(tenantId !== undefined && { tenantId }),
    ...(traceId !== undefined && { traceId }),
  };
}

function compactJson(bytes: Buffer): string | undefined {
  return isJson(bytes) ? JSON.stringify(JSON.parse(bytes.toString())) : undefined;
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}
