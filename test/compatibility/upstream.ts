import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of a handler: `/<kind>/<request id>/<thread>`. */
export interface Call {
  readonly kind: string;
  readonly requestId: string;
  readonly thread: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * The service that handlers call. It holds requests to `/hold` until all invocations of a wave have sent theirs, so that
 * a wave that is answered has overlapped. Requests to other paths are answered at once.
 */
export class Upstream implements AsyncDisposable {
  readonly url: string;
  readonly calls: Call[] = [];
  /** For each wave, the number of invocations that overlapped on each thread. */
  readonly overlaps: number[][] = [];
  readonly #close: () => Promise<void>;
  #size = 1;
  #held: { readonly call: Call; readonly response: ServerResponse }[] = [];

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<Upstream> {
    const server = createServer((request, response) => {
      const [, kind = '', requestId = '', thread = ''] = (request.url ?? '').split('/');
      upstream.#receive({ kind, requestId, thread, headers: request.headers }, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const upstream = new Upstream(url, async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    return upstream;
  }

  /** Sets how many invocations the next wave has. */
  expectWave(size: number): void {
    this.#size = size;
  }

  #receive(call: Call, response: ServerResponse): void {
    this.calls.push(call);
    if (call.kind !== 'hold') return answer(response);
    this.#held.push({ call, response });
    if (this.#held.length < this.#size) return;
    const held = this.#held;
    this.#held = [];
    const byThread = Map.groupBy(held, (each) => each.call.thread);
    this.overlaps.push([...byThread.values()].map(({ length }) => length));
    for (const each of held) answer(each.response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function answer(response: ServerResponse): void {
  response.setHeader('content-type', 'application/json');
  response.end('{"answered":true}');
}
