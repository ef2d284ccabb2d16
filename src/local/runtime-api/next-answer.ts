import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { InvokeOptions } from '../invoke.ts';
import type { HttpAnswer } from '../http-exchange.ts';

/** The headers of an event that are known before it is delivered. */
export interface EventHeaders {
  readonly optional: readonly string[];
  readonly overrides: readonly (readonly [name: string, value: string | undefined])[];
}

/**
 * Creates the headers for an invocation's options.
 *
 * @throws TypeError when a name or a value cannot be sent in an HTTP header.
 */
export function eventHeaders(options: InvokeOptions): EventHeaders {
  const optional: string[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) optional.push(name, toHeaderValue(name, value));
  };
  add('Lambda-Runtime-Trace-Id', options.traceId);
  add('Lambda-Runtime-Client-Context', headerJson(options.clientContext));
  add('Lambda-Runtime-Cognito-Identity', headerJson(options.cognitoIdentity));
  add('Lambda-Runtime-Aws-Tenant-Id', options.tenantId);
  if (options.requestId !== undefined) toHeaderValue('Lambda-Runtime-Aws-Request-Id', options.requestId);
  return { optional, overrides: options.headers === undefined ? NONE : overrides(options.headers) };
}

/** Creates the response to `/next` with an event. */
export function eventAnswer(
  event: string | Uint8Array,
  requestId: string,
  deadlineMs: number,
  functionArn: string,
  { optional, overrides }: EventHeaders,
): HttpAnswer {
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(event)),
    'Lambda-Runtime-Aws-Request-Id',
    requestId,
    'Lambda-Runtime-Deadline-Ms',
    String(deadlineMs),
    'Lambda-Runtime-Invoked-Function-Arn',
    utf8AsLatin1(functionArn),
    ...optional,
  ];
  for (const [name, value] of overrides) override(headers, name, value);
  const asIs =
    typeof event !== 'string' || (optional.length === 0 && overrides.length === 0 && isAscii(functionArn));
  return { status: 200, headers, body: asIs ? event : Buffer.from(event) };
}

const NONE: EventHeaders['overrides'] = [];

/** Escapes DEL, the only character that is valid in JSON text without line breaks but not in a header. */
function headerJson(text: string | undefined): string | undefined {
  return text?.replaceAll('\x7f', '\\u007f');
}

function toHeaderValue(name: string, value: string): string {
  const bytes = utf8AsLatin1(value);
  validateHeaderName(name);
  validateHeaderValue(name, bytes);
  return bytes;
}

// Lambda sends header values as UTF-8 bytes. Node writes header strings as Latin-1 if the body is not a string.
function utf8AsLatin1(value: string): string {
  return Buffer.from(value).toString('latin1');
}

function isAscii(value: string): boolean {
  return /^[\x00-\x7f]*$/.test(value);
}

function overrides(headers: NonNullable<InvokeOptions['headers']>): EventHeaders['overrides'] {
  return Object.entries(headers).map(([name, value]) => [
    name,
    value === undefined ? undefined : toHeaderValue(name, value),
  ]);
}

function override(headers: string[], name: string, value: string | undefined): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (headers[index]?.toLowerCase() === name.toLowerCase()) headers.splice(index, 2);
  }
  if (value !== undefined) headers.push(name, value);
}
