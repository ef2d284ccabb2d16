import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import Client from 'undici/lib/dispatcher/client.js';
import { Promise, nextTick, setImmediate } from '../builtins.ts';
import { MAX_TIMEOUT_S } from '../config/environment.ts';
import type { EventBytes } from '../invocation/invocation.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import type { Headers } from './event-headers.ts';

/** The path that all of the Runtime API's paths begin with. */
export const API_VERSION = '/2018-06-01';

/** How long the Runtime API may take to answer a post, in ms. A poll has no limit. */
export const POST_TIMEOUT_MS = 10_000;

/** A connection to the Runtime API. It is opened when it is needed, and again when it was lost. */
export class Connection {
  readonly #client: Client;
  readonly #observer: RequestsObserver;
  #socket: Socket | undefined;
  #ahead: PendingRequest | undefined;

  constructor(runtimeApi: string, observer: RequestsObserver) {
    this.#observer = observer;
    const open = buildConnector({ timeout: 5_000 });
    this.#client = new Client(`http://${runtimeApi}`, {
      // A poll may be written right behind an answer.
      pipelining: 2,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      maxHeaderSize: 64 * 1024,
      connect: (options, callback) =>
        open(options, (...[error, socket]) => {
          if (error !== null) return callback(error, null);
          this.#socket = socket;
          callback(null, socket);
        }),
    });
  }

  send(options: Dispatcher.DispatchOptions): PendingRequest {
    return this.#observed(options, new PendingRequest(this.#client, options));
  }

  /** Sends a request that the next poll may follow; both then leave in one piece. */
  sendPipelined(options: Dispatcher.DispatchOptions): PendingRequest {
    const ahead = { ...options, blocking: false };
    this.#ahead = this.#observed(
      ahead,
      new PendingRequest(this.#client, ahead, () => this.#corkUntilNextTick()),
    );
    return this.#ahead;
  }

  /** Resolves when what was sent ahead last has been answered, or cannot be. */
  async received(): Promise<void> {
    await this.#ahead?.answer.catch(() => undefined);
  }

  /** Gives up what is under way. */
  destroy(): Promise<void> {
    return this.#client.destroy();
  }

  #observed({ method, path }: Dispatcher.DispatchOptions, exchange: PendingRequest): PendingRequest {
    const request = this.#observer.sends(method, path);
    if (request !== undefined) {
      exchange.answer.then(
        ({ status }) => request.answered(status),
        (error: Error) => request.failed(error),
      );
    }
    return exchange;
  }

  /** Until what has been asked for in this turn of the event loop is written. */
  #corkUntilNextTick(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.cork();
    nextTick(() => socket.uncork());
  }
}

/** The connection is idle while a handler runs, which may take as long as a function may. */
const IDLE_MS = MAX_TIMEOUT_S * 1_000;

/** What came back on a request. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: EventBytes;
}

/** A request that failed, with the headers of its answer where they had arrived. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly headers: Headers | undefined;

  constructor(cause: Error, headers: Headers | undefined) {
    super(`${cause.message}${'code' in cause ? ` (${String(cause.code)})` : ''}`, { cause });
    this.headers = headers;
  }
}

/** Sends one request and gathers its answer. Rejects with an {@link RequestError}. */
export class PendingRequest implements Dispatcher.DispatchHandler {
  readonly answer: Promise<ApiResponse>;
  readonly #resolve: (answer: ApiResponse) => void;
  readonly #reject: (error: RequestError) => void;
  readonly #onStart: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers | undefined;
  #body: BodyCollector | undefined;
  #cancelled = false;

  /** @param onStart called right before the request is written. */
  constructor(client: Client, options: Dispatcher.DispatchOptions, onStart?: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onStart = onStart;
    withSetImmediate(() => client.dispatch(options, this));
  }

  /** Has it begun to be written? If not, nobody can have acted on it. */
  get sent(): boolean {
    return this.#controller !== undefined;
  }

  /** Gives the request up, unless its answer has begun to arrive. */
  cancel(): void {
    if (this.#headers !== undefined) return;
    this.#cancelled = true;
    this.#controller?.abort(new Error('The request was cancelled.'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#onStart?.();
    if (this.#cancelled) this.cancel();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
    this.#body = new BodyCollector(Number(headers['content-length'] ?? 0));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.add(chunk);
  }

  onResponseEnd(): void {
    this.#resolve({ status: this.#status, headers: this.#headers ?? {}, body: this.#body?.finish() ?? '' });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(new RequestError(error, this.#headers));
  }
}

/**
 * undici calls the global `setImmediate` before it writes to a connection that was idle. In single mode code of the
 * function can have replaced it with one that never fires, and the request would never leave.
 */
function withSetImmediate(call: () => void): void {
  const replaced = globalThis.setImmediate;
  if (replaced === setImmediate) return call();
  globalThis.setImmediate = setImmediate;
  try {
    call();
  } finally {
    globalThis.setImmediate = replaced;
  }
}

/** Up to that many bytes an event crosses threads as a string, above it as a transferred buffer. */
const LARGEST_STRING_EVENT = 8 * 1024;

/** Gathers the chunks of a body. Where its length is announced, each byte is copied once. */
class BodyCollector {
  #target: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #chunks: Buffer[] = [];

  constructor(contentLength: number) {
    if (contentLength > LARGEST_STRING_EVENT) this.#target = new Uint8Array(contentLength);
  }

  add(chunk: Buffer): void {
    if (this.#target === undefined) {
      this.#chunks.push(chunk);
      return;
    }
    this.#target.set(chunk, this.#filled);
    this.#filled += chunk.byteLength;
  }

  finish(): EventBytes {
    if (this.#target !== undefined) return this.#target;
    const [first] = this.#chunks;
    if (first === undefined) return '';
    const whole = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    return whole.byteLength <= LARGEST_STRING_EVENT ? whole.toString('latin1') : new Uint8Array(whole);
  }
}
