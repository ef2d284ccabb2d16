import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { MAX_PAYLOAD_BYTES, decodePathPart, headerText } from '../http-exchange.ts';
import type { HttpAnswer } from '../http-exchange.ts';
import type { InvokeOptions, InvokeResult } from '../invoke.ts';
import { apiError, rejection } from './invoke-answers.ts';
import type { Rejection } from './invoke-answers.ts';
import type { LogTails } from '../log-tails.ts';

/** The function that callers invoke, and how to invoke it. */
export interface InvokeApiContext {
  readonly functionName: string;
  readonly functionArn: string;
  readonly invoke: (event: Buffer, options: InvokeOptions) => Promise<InvokeResult>;
  /** Whether the function's concurrency is in use. If it returns true, it also records a throttled call. */
  readonly isFull: () => boolean;
  readonly logs: LogTails;
}

/** A valid call of the Invoke API. */
export interface InvokeRequest {
  readonly event: Buffer;
  readonly type: InvocationType;
  readonly options: InvokeOptions;
  /** The executed version to report to the caller. */
  readonly version: string;
  readonly wantsLog: boolean;
}

type InvocationType = (typeof INVOCATION_TYPES)[number];

/** Reads a call. Rejects an invalid one with AWS's error. */
export function readInvokeRequest(
  settings: InvokeApiContext,
  req: IncomingMessage,
  name: string,
  body: Buffer | undefined,
): InvokeRequest | Rejection {
  const qualifiers = qualifiersOf(settings, decodePathPart(name), req.url ?? '');
  if (qualifiers === undefined) {
    return rejection(404, 'ResourceNotFoundException', `Function not found: ${decodePathPart(name)}`);
  }
  if (body === undefined) return { rejected: REQUEST_TOO_LARGE };
  if (body.length > 0 && !isJson(body)) {
    return rejection(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
  if (qualifiers.size > 1) {
    return rejection(
      400,
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  }
  const type = INVOCATION_TYPES.find(
    (each) => each === (req.headers['x-amz-invocation-type'] ?? 'RequestResponse'),
  );
  if (type === undefined) return rejection(400, 'InvalidParameterValueException', 'Unknown invocation type');
  if (type === 'Event' && body.length > MAX_QUEUED_BYTES) return { rejected: tooLarge(MAX_QUEUED_BYTES) };
  const logType = req.headers['x-amz-log-type'] ?? 'None';
  if (logType !== 'None' && logType !== 'Tail') {
    return rejection(400, 'InvalidParameterValueException', 'Unknown log type');
  }
  const [qualifier] = qualifiers;
  const options = readInvokeOptions(settings.functionArn, qualifier, req.headers);
  if ('rejected' in options) return options;
  return {
    event: body.length === 0 ? NO_PAYLOAD : body,
    type,
    options,
    version: qualifier !== undefined && /^\d+$/.test(qualifier) ? qualifier : '$LATEST',
    wantsLog: logType === 'Tail',
  };
}

export function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** The response to a body above the size limit. */
export const REQUEST_TOO_LARGE = tooLarge(MAX_PAYLOAD_BYTES);

const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;
/** The maximum size of an asynchronous event: 1 MiB. */
const MAX_QUEUED_BYTES = 1024 * 1024;
const NO_PAYLOAD = Buffer.from('{}');

function tooLarge(bytes: number): HttpAnswer {
  return apiError(
    413,
    'RequestTooLargeException',
    `Request must be smaller than ${bytes} bytes for the InvokeFunction operation`,
  );
}

/** Returns the version or alias in the name and in the query; undefined if the name is of another function. */
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
 * Reads the parts of a call that become headers of `/next`, and rejects values that AWS rejects. The result must be valid
 * in HTTP headers, because an asynchronous event is accepted before it is delivered.
 */
function readInvokeOptions(
  functionArn: string,
  qualifier: string | undefined,
  headers: IncomingHttpHeaders,
): InvokeOptions | Rejection {
  const tenantId = headers['x-amz-tenant-id']?.toString();
  const traceId = headers['x-amzn-trace-id']?.toString();
  const encoded = headers['x-amz-client-context']?.toString();
  const clientContext = encoded === undefined ? undefined : clientContextOf(encoded);
  if (qualifier !== undefined && !QUALIFIER.test(qualifier)) {
    return rejection(
      400,
      'InvalidParameterValueException',
      'The qualifier must be a version or an alias name',
    );
  }
  if (tenantId !== undefined && !TENANT_ID.test(tenantId)) {
    return rejection(
      400,
      'InvalidParameterValueException',
      'The tenant id must have up to 256 letters, digits, spaces or the characters . _ : / = + - @',
    );
  }
  if (clientContext === null) {
    return rejection(
      400,
      'InvalidRequestContentException',
      `The client context must be base64-encoded JSON of up to ${MAX_ENCODED} bytes`,
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
/** Base64-encoded bytes. */
const MAX_ENCODED = 3583;

/** Decodes a client context. Returns null if it is invalid. Serializing it again removes line breaks. */
function clientContextOf(encoded: string): string | null {
  if (encoded.length > MAX_ENCODED) return null;
  try {
    return JSON.stringify(JSON.parse(Buffer.from(encoded, 'base64').toString()));
  } catch {
    return null;
  }
}
