import type { IncomingMessage } from 'node:http';
import { Date } from '../../builtins.ts';
import { headerText } from '../http-exchange.ts';

/**
 * Makes the event that a Function URL sends: payload format 2.0.
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

/** Several values of one name are joined by commas, as AWS does. */
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

/** Forms are not among them, as on AWS. */
const TEXT = /^(text\/|application\/(json|xml|javascript)\s*(;|$))/i;

/** For example 12/Mar/2020:19:03:58 +0000. */
function commonLogTime(time: Date): string {
  const [, day, month, year, clock] = time.toUTCString().split(' ');
  return `${day}/${month}/${year}:${clock} +0000`;
}
