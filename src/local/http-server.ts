import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Promise } from '../builtins.ts';
import { isClosing } from './fault-effects.ts';
import { apiError } from './front-answers.ts';
import { type Answer, type Exchange, sendAnswer } from './http-answers.ts';
import { isTrusted } from './loopback.ts';

/** Handles a request, or says false of one that is not its own. */
export type Route = (exchange: Exchange) => boolean;

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
    const reply = (answer: Answer): void => sendAnswer(res, answer);
    if (!isTrusted(req)) return reply(FORBIDDEN);
    const exchange = { req, res, reply };
    for (const route of routes) if (route(exchange)) return;
    reply(NOT_FOUND);
  };
}
