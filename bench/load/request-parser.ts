/** A complete request. */
export interface ParsedRequest {
  readonly method: string;
  readonly path: string;
  /** The body's first bytes. */
  readonly bodyStart: string;
  /** The raw trailers; usually empty. */
  readonly trailers: string;
}

/** Receives the events of a {@link RequestParser}. */
export interface RequestListener {
  /** The client sent `Expect: 100-continue` and waits before it sends the body, as curl does with large bodies. */
  onExpectContinue(): void;
  onRequest(request: ParsedRequest): void;
}

type State = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers';

/** Parses the HTTP/1.1 requests of one connection, including pipelined ones, and discards their bodies. */
export class RequestParser {
  readonly #listener: RequestListener;
  #rest: Buffer | undefined;
  #state: State = 'head';
  #left = 0;
  #method = '';
  #path = '';
  #bodyStart = '';
  #trailers = '';

  constructor(listener: RequestListener) {
    this.#listener = listener;
  }

  /** @throws Error when the data is not HTTP/1.1. */
  receive(chunk: Buffer): void {
    let data = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    while (data.byteLength > 0) {
      const taken = this.#step(data);
      if (taken === 0) {
        this.#rest = data;
        return;
      }
      data = data.subarray(taken);
    }
  }

  /** Returns the number of bytes consumed; 0 if it needs more. */
  #step(data: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#head(data);
      case 'body':
      case 'chunk':
        return this.#bytes(data);
      case 'chunk-size':
        return this.#line(data, (line) => {
          this.#left = Number.parseInt(line, 16);
          this.#state = this.#left === 0 ? 'trailers' : 'chunk';
        });
      case 'chunk-end':
        return this.#line(data, () => (this.#state = 'chunk-size'));
      case 'trailers':
        return this.#line(data, (line) => {
          if (line === '') this.#end();
          else this.#trailers += `${line}\n`;
        });
    }
  }

  #head(data: Buffer): number {
    const end = data.indexOf('\r\n\r\n');
    if (end === -1) return 0;
    const head = data.toString('latin1', 0, end);
    const methodEnd = head.indexOf(' ');
    const pathEnd = head.indexOf(' HTTP/1.1', methodEnd + 1);
    if (pathEnd === -1) throw new Error(`This is not an HTTP/1.1 request: ${head.slice(0, 80)}`);
    this.#method = head.slice(0, methodEnd);
    this.#path = head.slice(methodEnd + 1, pathEnd);
    this.#bodyStart = '';
    this.#trailers = '';
    if (this.#method !== 'GET') this.#expectBody(head);
    else this.#end();
    return end + 4;
  }

  #expectBody(head: string): void {
    if (EXPECT.test(head)) this.#listener.onExpectContinue();
    if (CHUNKED.test(head)) {
      this.#state = 'chunk-size';
      return;
    }
    this.#left = Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
    this.#state = 'body';
    if (this.#left === 0) this.#end();
  }

  #bytes(data: Buffer): number {
    const taken = Math.min(this.#left, data.byteLength);
    if (this.#bodyStart.length < KEPT_OF_BODY) {
      this.#bodyStart += data.toString('latin1', 0, Math.min(taken, KEPT_OF_BODY - this.#bodyStart.length));
    }
    this.#left -= taken;
    if (this.#left > 0) return taken;
    if (this.#state === 'chunk') this.#state = 'chunk-end';
    else this.#end();
    return taken;
  }

  #line(data: Buffer, take: (line: string) => void): number {
    const end = data.indexOf('\r\n');
    if (end === -1) return 0;
    take(data.toString('latin1', 0, end));
    return end + 2;
  }

  #end(): void {
    this.#state = 'head';
    this.#listener.onRequest({
      method: this.#method,
      path: this.#path,
      bodyStart: this.#bodyStart,
      trailers: this.#trailers,
    });
  }
}

const EXPECT = /\r\nexpect: *100-continue/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const KEPT_OF_BODY = 400;
