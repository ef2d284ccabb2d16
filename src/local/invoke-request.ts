import type { IncomingMessage } from 'node:http';
import { apiError, refused } from './front-answers.ts';
import type { Refused } from './front-answers.ts';
import type { FrontSettings } from './front.ts';
import type { Answer } from './http-answers.ts';
import type { InvokeOptions } from './invoke.ts';
import { readInvokeOptions } from './invoke-options.ts';
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
): InvokeRequest | Refused {
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
export const TOO_LARGE = tooLarge(MAX_PAYLOAD_BYTES);

const INVOCATION_TYPES = ['RequestResponse', 'Event', 'DryRun'] as const;
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
