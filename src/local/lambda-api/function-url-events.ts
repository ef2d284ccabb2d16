import type { IncomingMessage } from 'node:http';
import { Date } from '../../builtins.ts';
import { bytesAnswer, headerText } from '../http-exchange.ts';
import type { HttpAnswer } from '../http-exchange.ts';

/**
 * Creates the event of a function URL request in payload format 2.0.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload
 */
export function functionUrlEvent(req: IncomingMessage, body: Buffer, requestId: string): object {
  const [rawPath = '/', rawQueryString = ''] = split(req.url ?? '/', '?');
  const { cookie, ...headers } = headersOf(req);
  const query = queryOf(rawQueryString);
  const now = new Date();
  const host = headers['host'] ?? '';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers: {
      ...headers,
      'x-forwarded-for': req.socket.remoteAddress ?? '',
      'x-forwarded-port': String(req.socket.localPort),
      'x-forwarded-proto': 'http',
    },
    ...(query !== undefined && { queryStringParameters: query }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: host,
      domainPrefix: split(host, '.')[0],
      http: {
        method: req.method,
        path: rawPath,
        protocol: `HTTP/${req.httpVersion}`,
        sourceIp: req.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...bodyOf(req, body),
  };
}

function headersOf({ headers }: IncomingMessage): Partial<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, headerText(String(value))]),
  );
}

function split(text: string, at: string): [string, string?] {
  const index = text.indexOf(at);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + at.length)];
}

/** Joins multiple values of one parameter with commas, as AWS does. */
function queryOf(rawQueryString: string): Record<string, string> | undefined {
  const parameters = new URLSearchParams(rawQueryString);
  if (parameters.size === 0) return undefined;
  return Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name).join(',')]));
}

function bodyOf({ headers }: IncomingMessage, body: Buffer): object {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = TEXT.test(headers['content-type'] ?? '') && headers['content-encoding'] === undefined;
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}

/** Form data is not included: AWS sends it base64-encoded. */
const TEXT = /^(text\/|application\/(json|xml|javascript)\s*(;|$))/i;

/** For example 12/Mar/2020:19:03:58 +0000. */
function commonLogTime(time: Date): string {
  const [, day, month, year, clock] = time.toUTCString().split(' ');
  return `${day}/${month}/${year}:${clock} +0000`;
}

/** The status and headers of an HTTP response, including its cookies. */
export interface HttpResponseHead {
  readonly status: number;
  /** A flat list of names and values. */
  readonly headers: string[];
}

/**
 * Converts a handler's result into an HTTP response. An object with a `statusCode` describes the response; any other
 * result is its body, as JSON.
 *
 * @throws TypeError when the described response is invalid.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload
 */
export function functionUrlResponse(body: Buffer): HttpAnswer {
  const result = parse(body);
  if (!isObject(result) || result['statusCode'] === undefined) {
    return bytesAnswer(200, body, JSON_TYPE);
  }
  const { status, headers } = httpResponseHead(result);
  const content = result['body'] ?? '';
  const { isBase64Encoded } = result;
  if (typeof content !== 'string') throw new TypeError('The body of an HTTP response must be a string');
  return bytesAnswer(status, Buffer.from(content, isBase64Encoded === true ? 'base64' : 'utf8'), headers);
}

/**
 * Reads status, headers and cookies from a handler's result or from the metadata of a streamed response.
 *
 * @throws TypeError when one of them is invalid.
 */
export function httpResponseHead(metadata: unknown): HttpResponseHead {
  const described = isObject(metadata) ? metadata : {};
  // Handlers that are generated from types of other languages set absent members to null.
  const statusCode = described['statusCode'] ?? 200;
  const headers = described['headers'] ?? {};
  const cookies = described['cookies'] ?? [];
  if (!isStatus(statusCode)) throw new TypeError('The statusCode must be a whole number from 200 to 599');
  if (!isObject(headers)) throw new TypeError('The headers must be an object');
  if (!Array.isArray(cookies)) throw new TypeError('The cookies must be an array of strings');
  const named = Object.entries(headers).filter(([name]) => !RESERVED_HEADERS.has(name.toLowerCase()));
  const hasContentType = named.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status: statusCode,
    headers: [
      ...(hasContentType ? [] : JSON_TYPE),
      ...named.flatMap(([name, value]) => [name, String(value)]),
      ...cookies.flatMap((cookie) => ['Set-Cookie', String(cookie)]),
    ],
  };
}

const JSON_TYPE = ['Content-Type', 'application/json'];

/** Headers that only the server sets. */
const RESERVED_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection']);

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
