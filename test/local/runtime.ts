import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** An event as a runtime sees it. */
export interface ReceivedEvent {
  readonly requestId: string;
  readonly headers: Headers;
  readonly text: string;
}

export function url(server: RuntimeApiServer, path: string): string {
  return `http://${server.address}/2018-06-01/runtime/${path}`;
}

/** Polls for one event. */
export async function next(server: RuntimeApiServer): Promise<ReceivedEvent> {
  const response = await fetch(url(server, 'invocation/next'));
  if (response.status !== 200) throw new Error(`/next was answered ${response.status}`);
  const requestId = response.headers.get('lambda-runtime-aws-request-id') ?? '';
  return { requestId, headers: response.headers, text: await response.text() };
}

export function respond(
  server: RuntimeApiServer,
  requestId: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = JSON_TYPE,
): Promise<Response> {
  return fetch(url(server, `invocation/${requestId}/response`), { method: 'POST', body, headers });
}

export function fail(
  server: RuntimeApiServer,
  requestId: string,
  body: string | Uint8Array<ArrayBuffer>,
  errorType?: string,
): Promise<Response> {
  return fetch(url(server, `invocation/${requestId}/error`), {
    method: 'POST',
    body,
    headers: errorType === undefined ? JSON_TYPE : { 'Lambda-Runtime-Function-Error-Type': errorType },
  });
}

/** Opens a stream to `/response`, with the trailers for an error declared. */
export function openStream(server: RuntimeApiServer, requestId: string) {
  const req = request(url(server, `invocation/${requestId}/response`), {
    method: 'POST',
    agent: false,
    headers: {
      'Content-Type': 'text/plain',
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      'Transfer-Encoding': 'chunked',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    },
  });
  const status = new Promise<number>((resolve, reject) => {
    req.on('error', reject);
    req.on('response', (response) => resolve(response.resume().statusCode ?? 0));
  });
  status.catch(() => {});
  return { req, status };
}

/** Opens a plain connection to the server. Records the received text and how the connection ended. */
export async function openSocket(server: RuntimeApiServer) {
  const socket = connect(server.port, '127.0.0.1');
  let received = '';
  let error: NodeJS.ErrnoException | undefined;
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (received += chunk));
  socket.on('error', (cause) => (error = cause));
  await once(socket, 'connect');
  return {
    socket,
    text: () => received,
    /** Resolves with `ECONNRESET` or `end` when the connection is closed. */
    ended: endOf(socket, () => error?.code ?? 'end'),
    until: async (part: string) => {
      while (!received.includes(part)) await once(socket, 'data');
    },
  };
}

export function get(server: RuntimeApiServer, path: string): string {
  return `GET /2018-06-01/runtime/${path} HTTP/1.1\r\nHost: ${server.address}\r\n\r\n`;
}

export function post(server: RuntimeApiServer, path: string, body: string, sent = body): string {
  const length = Buffer.byteLength(body);
  return `POST /2018-06-01/runtime/${path} HTTP/1.1\r\nHost: ${server.address}\r\nContent-Length: ${length}\r\n\r\n${sent}`;
}

function endOf(socket: Socket, how: () => string): Promise<string> {
  return new Promise((resolve) => socket.on('close', () => resolve(how())));
}
