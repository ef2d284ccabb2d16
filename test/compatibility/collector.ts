import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';

/** A request that instrumentation has sent. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

/**
 * A server that stands for what instrumentation exports to: it stores all requests and answers 200 with an empty object, and
 * stores datagrams to the same port.
 */
export class Collector implements AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: Received[] = [];
  readonly datagrams: string[] = [];
  /** The body of the answer to a request. */
  answer: (request: Received) => unknown = () => ({});
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async start(): Promise<Collector> {
    const server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const received = { method: request.method ?? '', path: request.url ?? '', body };
        collector.received.push(received);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(collector.answer(received)));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    await once(socket, 'listening');
    const collector = new Collector(port, async () => {
      socket.close();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    socket.on('message', (message) => collector.datagrams.push(message.toString()));
    return collector;
  }

  /** The requests to paths that match, oldest first. */
  to(path: RegExp): Received[] {
    return this.received.filter((request) => path.test(request.path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const encoding = request.headers['content-encoding'];
  if (encoding === 'gzip') return gunzipSync(body);
  return encoding === 'deflate' ? inflateSync(body) : body;
}
