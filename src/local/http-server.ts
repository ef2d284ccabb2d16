import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Promise } from '../builtins.ts';
import { isLoopback } from '../config/environment.ts';
import { Condition } from './condition.ts';
import { sendAnswer } from './http-exchange.ts';
import type { HttpAnswer, HttpExchange } from './http-exchange.ts';
import { apiError } from './lambda-api/invoke-answers.ts';
import { isClosing } from './runtime-api/fault-effects.ts';

/** Handles a request. Returns false if the request does not belong to this route. */
export type Route = (exchange: HttpExchange) => boolean;

/** Creates the HTTP server. It rejects untrusted requests and offers the others to each route in turn. */
export function runtimeApiHttp(routes: readonly Route[], onClose: (socket: Socket) => void): Server {
  const http = createServer(HTTP_OPTIONS, requestListener(routes));
  http.on('connection', (socket) => socket.once('close', () => onClose(socket)));
  return http;
}

/** Starts listening. Resolves with the port. */
export async function listenOn(http: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => {
      http.off('error', reject);
      resolve();
    });
  });
  return (http.address() as AddressInfo).port;
}

/** Closes the server and all connections immediately. */
export function closeNow(http: Server): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => resolve());
    http.closeAllConnections();
  });
}

// A poll may stay open for hours. A header may carry an X-Ray error cause of up to 1 MB.
const HTTP_OPTIONS = {
  keepAliveTimeout: 0,
  headersTimeout: 0,
  requestTimeout: 0,
  maxHeaderSize: 1024 * 1024 + 64 * 1024,
} as const;

const NOT_FOUND = apiError(404, 'ResourceNotFoundException', 'Nothing is served at this path');
const FORBIDDEN = apiError(
  403,
  'AccessDeniedException',
  'The Host header must be a loopback address, and an Origin header must match it',
);

function requestListener(routes: readonly Route[]): (req: IncomingMessage, res: ServerResponse) => void {
  return (req, res) => {
    if (isClosing(req.socket)) return;
    const reply = (answer: HttpAnswer): void => sendAnswer(res, answer);
    if (!isTrusted(req)) return reply(FORBIDDEN);
    const exchange = { req, res, reply };
    for (const route of routes) if (route(exchange)) return;
    reply(NOT_FOUND);
  };
}

/** Counts the callers that have not received their whole response. */
export class OpenAnswers {
  readonly #changed = new Condition();
  #open = 0;

  /** Wraps a route so that its callers are counted. */
  track(route: Route): Route {
    return (exchange) => {
      if (!route(exchange)) return false;
      this.#open += 1;
      exchange.res.once('close', () => {
        this.#open -= 1;
        this.#changed.changed();
      });
      return true;
    };
  }

  /** Resolves when all responses have been sent, or after 1 s. Slow readers are not waited for. */
  async sent(): Promise<void> {
    await this.#changed
      .until(() => this.#open === 0, AbortSignal.timeout(MAX_WAIT_MS))
      .catch(() => undefined);
  }
}

const MAX_WAIT_MS = 1000;

/**
 * Asserts that other machines cannot reach an address.
 *
 * @throws RangeError when `host` is not `localhost`, `::1` or in `127.0.0.0/8`.
 */
export function assertLoopback(host: string): void {
  if (!isLoopback(host)) {
    throw new RangeError(`The local server listens on loopback addresses only, not on ${host}`);
  }
}

/** Formats `host:port`, with IPv6 addresses in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether a request addresses this machine and does not come from a web page of another origin. `Sec-Fetch-Site` takes
 * precedence over `Origin`, because a dev server that proxies its own pages keeps their `Origin`.
 */
function isTrusted({ headers }: IncomingMessage): boolean {
  if (headers.host === undefined || !LOOPBACK_HOST.test(headers.host)) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return headers.origin === undefined || headers.origin === `http://${headers.host}`;
}

const LOOPBACK_HOST = /^(localhost|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})(:\d{1,5})?$/i;
