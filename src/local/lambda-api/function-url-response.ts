import { bytesAnswer } from '../http-exchange.ts';
import type { HttpAnswer } from '../http-exchange.ts';

/** Status, headers and cookies of an HTTP response, as a handler gives them. */
export interface HttpResponseHead {
  readonly status: number;
  /** A flat list of names and values. */
  readonly headers: string[];
}

/**
 * Makes the HTTP response that a handler's result stands for: an object with a `statusCode` describes it; anything
 * else is its body.
 *
 * @throws TypeError when what the object says cannot be sent.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-response-payload
 */
export function functionUrlResponse(body: Buffer): HttpAnswer {
  const result = parse(body);
  if (!isObject(result) || result['statusCode'] === undefined) {
    return bytesAnswer(200, typeof result === 'string' ? result : body, JSON_TYPE);
  }
  const { status, headers } = httpResponseHead(result);
  const { body: content = '', isBase64Encoded } = result;
  if (typeof content !== 'string') throw new TypeError('The body of an HTTP response must be a string');
  return bytesAnswer(status, Buffer.from(content, isBase64Encoded === true ? 'base64' : 'utf8'), headers);
}

/**
 * Reads what a handler says of its response before the body.
 *
 * @throws TypeError when it cannot be sent.
 */
export function httpResponseHead(given: unknown): HttpResponseHead {
  const { statusCode = 200, headers = {}, cookies = [] } = isObject(given) ? given : {};
  if (!isStatus(statusCode)) throw new TypeError('The statusCode must be a whole number from 200 to 599');
  if (!isObject(headers)) throw new TypeError('The headers must be an object');
  if (!Array.isArray(cookies)) throw new TypeError('The cookies must be an array of strings');
  const named = Object.entries(headers).filter(([name]) => !OURS.has(name.toLowerCase()));
  const typed = named.some(([name]) => name.toLowerCase() === 'content-type');
  return {
    status: statusCode,
    headers: [
      ...(typed ? [] : JSON_TYPE),
      ...named.flatMap(([name, value]) => [name, String(value)]),
      ...cookies.flatMap((cookie) => ['Set-Cookie', String(cookie)]),
    ],
  };
}

const JSON_TYPE = ['Content-Type', 'application/json'];

/** What the server says for itself. */
const OURS = new Set(['content-length', 'transfer-encoding', 'connection']);

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
