import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MAX_PAYLOAD_BYTES, decodePathPart, headerText } from '../http-exchange.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import type { InvokeOptions, InvokeResult } from '../invoke.ts';
import { apiError, refused } from './invoke-answers.ts';
import type { Refused } from './invoke-answers.ts';
import type { LogTails } from '../log-tails.ts';

/** The function that callers name, and the way to invoke it. */
export interface InvokeApiContext {
  readonly functionName: string;
  readonly functionArn: string;
  readonly invoke: (event: Buffer, options: InvokeOptions) => Promise<InvokeResult>;
  /** Whether there are as many invocations as there may be at once. If so, the caller must be refused: it counts as that. */
  readonly isFull: () => boolean;
  readonly logs: LogTails;
}

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
  settings: InvokeApiContext,
  req: IncomingMessage,
  name: string,
  body: Buffer | undefined,
): InvokeRequest | Refused {
  const qualifiers = qualifiersOf(settings, decodePathPart(name), req.url ?? '');
  if (qualifiers === undefined) {
    return refused(404, 'ResourceNotFoundException', `Function not found: ${decodePathPart(name)}`);
  }
  if (body === undefined) return { refused: REQUEST_TOO_LARGE };
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
  const type = INVOCATION_TYPES.find(
    (each) => each === (req.headers['x-amz-invocation-type'] ?? 'RequestResponse'),
  );
  if (type === undefined) return refused(400, 'InvalidParameterValueException', 'Unknown invocation type');
  if (type === 'Event' && body.length > MAX_QUEUED_BYTES) return { refused: tooLarge(MAX_QUEUED_BYTES) };
  const logType = req.headers['x-amz-log-type'] ?? 'None';
  if (logType !== 'None' && logType !== 'Tail') {
    return refused(400, 'InvalidParameterValueException', 'Unknown log type');
  }
  const [qualifier] = qualifiers;
  const options = readInvokeOptions(settings.functionArn, qualifier, req.headers);
  if ('refused' in options) return options;
  return {
    event: body.length === 0 ? NO_PAYLOAD : body,
    type,
    options,
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
export const REQUEST_TOO_LARGE = tooLarge(MAX_PAYLOAD_BYTES);

const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;
/** The most bytes that an event for later may have: 1 MiB. */
const MAX_QUEUED_BYTES = 1024 * 1024;
const NO_PAYLOAD = Buffer.from('{}');

function tooLarge(bytes: number): HttpAnswer {
  return apiError(
    413,
    'RequestTooLargeException',
    `Request must be smaller than ${bytes} bytes for the InvokeFunction operation`,
  );
}

/** The versions or aliases that are asked for, in the name and in the query; undefined for another function. */
function qualifiersOf(
  { functionName, functionArn }: InvokeApiContext,
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

/**
 * Reads what of a call becomes headers of `/next`; or refuses what AWS would. Whatever it returns can be sent: an event
 * for later is taken before anybody tries.
 */
function readInvokeOptions(
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
      `The client context is not base64 of JSON, or longer than ${MAX_ENCODED} bytes`,
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
const MAX_ENCODED = 3583;

/** Null if it cannot be read. Written anew, it has no line breaks. */
function clientContextOf(encoded: string): string | null {
  if (encoded.length > MAX_ENCODED) return null;
  try {
    return JSON.stringify(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  } catch {
    return null;
  }
}
