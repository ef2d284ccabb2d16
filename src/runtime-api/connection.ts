import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import Client from 'undici/lib/dispatcher/client.js';
import { Promise, nextTick, setImmediate } from '../builtins.ts';
import { MAX_TIMEOUT_S } from '../config/environment.ts';
import { freeMemory } from '../free-memory.ts';
import type { EventBytes, ResponseBody } from '../invocation/invocation.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import type { Headers } from './event-headers.ts';
import { monotonicMs } from '../invocation/time.ts';
import { hideRequestsTo, untraced } from './untraced.ts';

/** The prefix of all paths of the Runtime API. */
export const API_VERSION = '/2018-06-01';

/** How long the Runtime API may take to respond to a POST, in ms. Polls have no limit. */
export const POST_TIMEOUT_MS = 10_000;

/** For each POST. The second one ends the wait for a response that stalls after its headers. */
export const POST_TIMEOUTS = { headersTimeout: POST_TIMEOUT_MS, bodyTimeout: POST_TIMEOUT_MS } as const;

/** A connection to the Runtime API. Opens on the first request and reopens after it was lost. */
export class Connection {
  readonly #client: Client;
  readonly #observer: RequestsObserver;
  #socket: Socket | undefined;
  #pipelined: PendingRequest | undefined;

  /** @param idleMs how long the connection stays open without a request, in ms. */
  constructor(runtimeApi: string, observer: RequestsObserver, idleMs = SLOT_IDLE_MS) {
    this.#observer = observer;
    const open = buildConnector({ timeout: 5_000 });
    const { origin } = new URL(`http://${runtimeApi}`);
    hideRequestsTo(origin);
    this.#client = new Client(origin, {
      // A poll may follow an answer without waiting for its response.
      pipelining: 2,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      maxHeaderSize: 64 * 1024,
      connect: (options, callback) =>
        untraced(() =>
          open(options, (...[error, socket]) => {
            if (error !== null) return callback(error, null);
            this.#socket = socket;
            callback(null, socket);
          }),
        ),
    });
  }

  send(options: Dispatcher.DispatchOptions): PendingRequest {
    return this.#observed(options, new PendingRequest(this.#client, options));
  }

  /** Sends a request that the next poll may follow at once; both then leave in one write. */
  sendPipelined(options: Dispatcher.DispatchOptions): PendingRequest {
    const pipelined = { ...options, blocking: false };
    this.#pipelined = this.#observed(
      pipelined,
      new PendingRequest(this.#client, pipelined, () => this.#corkUntilNextTick()),
    );
    return this.#pipelined;
  }

  /** Resolves when the last pipelined request has been answered or has failed. */
  async pipelinedSettled(): Promise<void> {
    await this.#pipelined?.response.catch(() => undefined);
  }

  /** Frees the memory of the body of a request that was answered, unless the socket is still writing. */
  freeSent(body: ResponseBody): void {
    if (typeof body !== 'string' && this.#socket?.writableLength === 0) freeMemory(body);
  }

  /** Closes the connection; requests in progress fail. */
  destroy(): Promise<void> {
    return this.#client.destroy();
  }

  #observed({ method, path }: Dispatcher.DispatchOptions, request: PendingRequest): PendingRequest {
    const record = this.#observer.sends(method, path);
    if (record !== undefined) {
      request.response.then(
        ({ status }) => record.responded(status),
        (error: Error) => record.failed(error),
      );
    }
    return request;
  }

  /** Buffers writes until the next tick, so that an answer and the poll after it leave in one write. */
  #corkUntilNextTick(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.cork();
    nextTick(() => socket.uncork());
  }
}

/** Keeps the connection of a slot open while a handler runs, up to the maximum function timeout. */
const SLOT_IDLE_MS = MAX_TIMEOUT_S * 1_000;

/** The status and the headers of a response. */
interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
}

/** A complete response of the Runtime API. */
export interface ApiResponse extends ResponseHead {
  readonly body: EventBytes;
}

/** A request that failed. Has the head of the response if it had arrived. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly response: ResponseHead | undefined;

  constructor(cause: Error, response: ResponseHead | undefined) {
    super(`${cause.message}${'code' in cause ? ` (${String(cause.code)})` : ''}`, { cause });
    this.response = response;
  }
}

/** Sends one request and collects its response. `response` rejects with a {@link RequestError}. */
export class PendingRequest implements Dispatcher.DispatchHandler {
  readonly response: Promise<ApiResponse>;
  readonly #resolve: (response: ApiResponse) => void;
  readonly #reject: (error: RequestError) => void;
  readonly #onStart: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #sentAtMs: number | undefined;
  #head: ResponseHead | undefined;
  #body: BodyCollector | undefined;
  #cancelled = false;

  /** @param onStart called right before the request is written to the socket. */
  constructor(client: Client, options: Dispatcher.DispatchOptions, onStart?: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onStart = onStart;
    withSetImmediate(() => client.dispatch(options, this));
  }

  /** Whether writing has begun. If not, the server cannot have acted on the request. */
  get sent(): boolean {
    return this.#controller !== undefined;
  }

  /** Time since the request was sent, in ms. */
  get openMs(): number {
    return this.#sentAtMs === undefined ? 0 : monotonicMs() - this.#sentAtMs;
  }

  /** Cancels the request, unless its response has begun to arrive. */
  cancel(): void {
    if (this.#head !== undefined) return;
    this.#cancelled = true;
    this.#controller?.abort(new Error('The request was cancelled.'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sentAtMs = monotonicMs();
    this.#onStart?.();
    if (this.#cancelled) this.cancel();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    this.#head = { status, headers };
    this.#body = new BodyCollector(Number(headers['content-length'] ?? 0), this.#onStart === undefined);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.add(chunk);
  }

  onResponseEnd(): void {
    const { status, headers } = this.#head as ResponseHead;
    this.#resolve({ status, headers, body: this.#body?.finish() ?? '' });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(new RequestError(error, this.#head));
  }
}

/**
 * Restores the original `setImmediate` during the call. undici calls the global function before it writes to an idle
 * connection. In single mode, user code such as fake timers may have replaced it, and the request would never be sent.
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

/** Events up to this size cross to the thread as a string, larger ones as a transferred buffer. */
const MAX_STRING_EVENT_BYTES = 8 * 1024;

/** Collects the chunks of a body. If its length is announced, each chunk is copied when it arrives. */
class BodyCollector {
  readonly #isLast: boolean;
  #target: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #chunks: Buffer[] = [];

  /** @param isLast whether no other response can follow, so that the socket's chunks hold nothing else and can be freed. */
  constructor(contentLength: number, isLast: boolean) {
    this.#isLast = isLast;
    if (contentLength > MAX_STRING_EVENT_BYTES) this.#target = new Uint8Array(contentLength);
  }

  add(chunk: Buffer): void {
    if (this.#target === undefined) {
      this.#chunks.push(chunk);
      this.#filled += chunk.byteLength;
    } else {
      this.#copy(chunk, this.#target, this.#filled);
      this.#filled += chunk.byteLength;
    }
  }

  finish(): EventBytes {
    if (this.#target !== undefined) return this.#target;
    const [first] = this.#chunks;
    if (first === undefined) return '';
    if (this.#filled <= MAX_STRING_EVENT_BYTES) {
      const body = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
      return body.toString('latin1');
    }
    const target = new Uint8Array(this.#filled);
    let filled = 0;
    for (const chunk of this.#chunks) {
      this.#copy(chunk, target, filled);
      filled += chunk.byteLength;
    }
    return target;
  }

  #copy(chunk: Buffer, target: Uint8Array, offset: number): void {
    target.set(chunk, offset);
    // On the next tick, undici's parser has finished with the chunk.
    if (this.#isLast) nextTick(freeMemory, chunk);
  }
}
