import type { ServerResponse } from 'node:http';
import { httpResponseHead } from './function-url-response.ts';
import { pacedWrite } from './paced-write.ts';

/** Passes a streamed response on to a browser; one of a web handler tells its status and headers in front of the body. */
export class FunctionUrlStream {
  readonly #res: ServerResponse;
  #prelude = Buffer.alloc(0);

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Whether status and headers are out. */
  get begun(): boolean {
    return this.#res.headersSent;
  }

  /** @throws TypeError when what is in front of the body cannot be sent. */
  write(chunk: Buffer, contentType: string | undefined): Promise<void> | undefined {
    if (this.begun) return pacedWrite(this.#res, chunk);
    if (contentType !== INTEGRATION_RESPONSE) {
      this.#beginPlain(contentType);
      return pacedWrite(this.#res, chunk);
    }
    this.#prelude = Buffer.concat([this.#prelude, chunk]);
    const end = this.#prelude.indexOf(SEPARATOR);
    if (end === -1) return undefined;
    const { status, headers } = httpResponseHead(JSON.parse(this.#prelude.toString('utf8', 0, end)));
    this.#res.writeHead(status, headers);
    this.#res.flushHeaders();
    const body = this.#prelude.subarray(end + SEPARATOR.length);
    return body.length === 0 ? undefined : pacedWrite(this.#res, body);
  }

  /** @throws TypeError when what is in front of the body has not come in full. */
  end(contentType: string | undefined): void {
    if (!this.begun && contentType === INTEGRATION_RESPONSE) {
      throw new TypeError('The response has ended before its status and headers');
    }
    if (!this.begun) this.#beginPlain(contentType);
    this.#res.end();
  }

  #beginPlain(contentType: string | undefined): void {
    this.#res.writeHead(200, { 'Content-Type': contentType ?? 'application/octet-stream' });
  }
}

const INTEGRATION_RESPONSE = 'application/vnd.awslambda.http-integration-response';
const SEPARATOR = Buffer.alloc(8);
