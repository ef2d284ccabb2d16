import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { apiError } from './front-answers.ts';
import type { FrontSettings } from './front.ts';
import type { Answer } from './http-answers.ts';
import type { InvokeOptions } from './invoke.ts';
import { decodePathPart } from './path-part.ts';
import { MAX_PAYLOAD_BYTES } from './request-body.ts';

/** A call of the Invoke API that may be made. */
export interface InvokeRequest {
  readonly event: Buffer;
  readonly type: InvocationType;
  readonly options: InvokeOptions;
  /** The version that the caller is told. */
  readonly version: string;
  readonly wantsLog: boolean;
}

type InvocationType = (typeof INVOCATION_TYPES)[number];

/** Reads a call; or says what is wrong with it, as AWS would. */
export function readInvokeRequest(
  settings: FrontSettings,
  req: IncomingMessage,
  name: string,
  body: Buffer | undefined,
): InvokeRequest | { readonly refused: Answer } {
  const qualifiers = qualifiersOf(settings, decodePathPart(name), req.url ?? '');
  if (qualifiers === undefined) {
    return refused(404, 'ResourceNotFoundException', `Function not found: ${decodePathPart(name)}`);
  }
  if (body === undefined) return { refused: TOO_LARGE };
  if (body.length > 0 && !isJson(body)) {
    return refused(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
  if (qualifiers.size > 1) {
    return refused(
      400,
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  }
  const [qualifier] = qualifiers;
  if (qualifier !== undefined && !QUALIFIER.test(qualifier)) {
    return refused(400, 'InvalidParameterValueException', 'A qualifier is a version or the name of an alias');
  }
  const type = INVOCATION_TYPES.find(
    (each) => each === (req.headers['x-amz-invocation-type'] ?? 'RequestResponse'),
  );
  if (type === undefined) return refused(400, 'InvalidParameterValueException', 'Unknown invocation type');
  if (type === 'Event' && body.length > MAX_QUEUED_BYTES) return { refused: tooLarge(MAX_QUEUED_BYTES) };
  const logType = req.headers['x-amz-log-type'] ?? 'None';
  if (logType !== 'None' && logType !== 'Tail') {
    return refused(400, 'InvalidParameterValueException', 'Unknown log type');
  }
  const clientContext = clientContextOf(req.headers);
  if (clientContext === null) {
    return refused(400, 'InvalidRequestContentException', 'The client context is not base64 of JSON');
  }
  return {
    event: body.length === 0 ? NO_PAYLOAD : body,
    type,
    options: invokeOptions(settings, req.headers, clientContext, qualifier),
    version: qualifier !== undefined && /^\d+$/.test(qualifier) ? qualifier : '$LATEST',
    wantsLog: logType === 'Tail',
  };
}

/** Whether bytes are JSON. */
export function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** What a body over the limit is answered. */
export const TOO_LARGE = tooLarge(MAX_PAYLOAD_BYTES);

const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;
const QUALIFIER = /^[\w$-]+$/;
/** The most bytes that an event for later may have: 1 MiB. */
const MAX_QUEUED_BYTES = 1024 * 1024;
const NO_PAYLOAD = Buffer.from('{}');

function tooLarge(bytes: number): Answer {
  return apiError(
    413,
    'RequestTooLargeException',
    `Request must be smaller than ${bytes} bytes for the InvokeFunction operation`,
  );
}

function refused(status: number, errorType: string, message: string): { readonly refused: Answer } {
  return { refused: apiError(status, errorType, message) };
}

/** The versions or aliases that are asked for, in the name and in the query; undefined for another function. */
function qualifiersOf(
  { functionName, functionArn }: FrontSettings,
  name: string,
  url: string,
): Set<string> | undefined {
  const names = [functionArn, functionArn.split(':').slice(4).join(':'), functionName];
  const named = names.find((each) => name === each || name.startsWith(`${each}:`));
  if (named === undefined) return undefined;
  const [, query = ''] = url.split('?');
  const qualifiers = [name.slice(named.length + 1), new URLSearchParams(query).get('Qualifier') ?? ''];
  return new Set(qualifiers.filter((each) => each !== ''));
}

function invokeOptions(
  { functionArn }: FrontSettings,
  headers: IncomingHttpHeaders,
  clientContext: string | undefined,
  qualifier: string | undefined,
): InvokeOptions {
  const tenantId = headers['x-amz-tenant-id']?.toString();
  const traceId = headers['x-amzn-trace-id']?.toString();
  return {
    ...(clientContext !== undefined && { clientContext }),
    ...(tenantId !== undefined && { tenantId }),
    ...(traceId !== undefined && { traceId }),
    ...(qualifier !== undefined && {
      headers: { 'Lambda-Runtime-Invoked-Function-Arn': `${functionArn}:${qualifier}` },
    }),
  };
}

/** Null if it cannot be read. */
function clientContextOf(headers: IncomingHttpHeaders): string | undefined | null {
  const encoded = headers['x-amz-client-context']?.toString();
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  return isJson(bytes) ? JSON.stringify(JSON.parse(bytes.toString())) : null;
}
