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

/** Handles a request, or says false of one that is not its own. */
export type Route = (exchange: HttpExchange) => boolean;

/** Makes the HTTP server: it refuses what no local client would send, and asks each route in turn. */
export function runtimeApiHttp(routes: readonly Route[], onClose: (socket: Socket) => void): Server {
  const http = createServer(HTTP_OPTIONS, requestListener(routes));
  http.on('connection', (socket) => socket.once('close', () => onClose(socket)));
  return http;
}

/** Resolves with the port that the server listens on. */
export async function listen(http: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, host, () => {
      http.off('error', reject);
      resolve();
    });
  });
  return (http.address() as AddressInfo).port;
}

/** Ends all connections, whatever they are in the middle of. */
export function closeAtOnce(http: Server): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => resolve());
    http.closeAllConnections();
  });
}

// A poll may be parked for hours. A header may carry an X-Ray cause of 1 MB.
const HTTP_OPTIONS = {
  keepAliveTimeout: 0,
  headersTimeout: 0,
  requestTimeout: 0,
  maxHeaderSize: 1024 * 1024 + 64 * 1024,
} as const;

const NOT_FOUND = apiError(404, 'ResourceNotFoundException', 'There is nothing at this path');
const FORBIDDEN = apiError(
  403,
  'AccessDeniedException',
  'The Host of a request must be a loopback address, and its Origin the same as that',
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

/** The callers that have not got their answer in full. */
export class OpenAnswers {
  readonly #changed = new Condition();
  #open = 0;

  /** Counts who calls this route. */
  of(route: Route): Route {
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

  /** Resolves when all have it, or are too slow to read it. */
  async sent(): Promise<void> {
    await this.#changed.until(() => this.#open === 0, AbortSignal.timeout(SLOW_MS)).catch(() => undefined);
  }
}

const SLOW_MS = 1000;

/**
 * Refuses an address that other machines could reach.
 *
 * @throws RangeError when `host` is not `localhost`, `::1` or in `127.0.0.0/8`.
 */
export function assertLoopback(host: string): void {
  if (!isLoopback(host)) {
    throw new RangeError(`The Runtime API server listens on loopback addresses only, not on ${host}`);
  }
}

/** The way a host and a port are written in one string: IPv6 addresses in brackets. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether a request was meant for this machine and was not sent by a web page of another origin. What a browser says of
 * the site goes before the origin: that is another one where a dev server passes on the requests of its own pages.
 */
function isTrusted({ headers }: IncomingMessage): boolean {
  if (headers.host === undefined || !LOOPBACK_HOST.test(headers.host)) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return headers.origin === undefined || headers.origin === `http://${headers.host}`;
}

const LOOPBACK_HOST = /^(localhost|\[::1\]|127\.\d{1,3}\.\d{1,3}\.\d{1,3})(:\d{1,5})?$/i;
