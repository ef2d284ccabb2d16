import type { Socket } from 'node:net';
import { RequestParser } from './request-parser.ts';
import type { ParsedRequest } from './request-parser.ts';

/** What the connections report to the broker. */
export interface ConnectionListener {
  /** A `/next` is open. */
  onPoll(connection: Connection): void;
  onAnswer(requestId: string, error: string | undefined): void;
  onInitError(body: string): void;
  onClosed(connection: Connection): void;
}

/** The server side of one connection from the runtime. */
export class Connection {
  readonly #socket: Socket;
  readonly #listener: ConnectionListener;

  constructor(socket: Socket, listener: ConnectionListener) {
    this.#socket = socket;
    this.#listener = listener;
    const parser = new RequestParser({
      onExpectContinue: () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      onRequest: (request) => this.#route(request),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      // Corks the socket, so that the response to an answer and the next event leave in one write.
      socket.cork();
      parser.receive(chunk);
      socket.uncork();
    });
    // A killed runtime resets its connections.
    socket.on('error', () => undefined);
    socket.on('close', () => listener.onClosed(this));
  }

  deliver(requestId: string, deadlineMs: number, body: Uint8Array): void {
    const head =
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: ${requestId}\r\n` +
      `Lambda-Runtime-Deadline-Ms: ${deadlineMs}\r\n` +
      'Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:bench\r\n' +
      'Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n' +
      `Content-Length: ${body.byteLength}\r\n\r\n`;
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  #route({ method, path, bodyStart, trailers }: ParsedRequest): void {
    if (method === 'GET' && path === NEXT) return this.#listener.onPoll(this);
    if (method === 'POST' && path.startsWith(INVOCATION)) {
      const slash = path.indexOf('/', INVOCATION.length);
      const error = path.endsWith('/error') ? bodyStart : trailers || undefined;
      this.#socket.write(ACCEPTED, 'latin1');
      return this.#listener.onAnswer(path.slice(INVOCATION.length, slash), error);
    }
    if (path === INIT_ERROR) {
      this.#socket.write(ACCEPTED, 'latin1');
      return this.#listener.onInitError(bodyStart);
    }
    if (path === REGISTER) this.#socket.write(REGISTERED, 'latin1');
    else if (path !== EXTENSION_NEXT) this.#socket.write(NOT_FOUND, 'latin1');
  }
}

const INVOCATION = '/2018-06-01/runtime/invocation/';
const NEXT = `${INVOCATION}next`;
const INIT_ERROR = '/2018-06-01/runtime/init/error';
const REGISTER = '/2020-01-01/extension/register';
/** This request stays open, because this server sends no events to extensions. */
const EXTENSION_NEXT = '/2020-01-01/extension/event/next';

const ACCEPTED =
  'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{"status":"OK"}\n';
const REGISTERED =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Extension-Identifier: bench\r\nContent-Length: 2\r\n\r\n{}';
const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';
