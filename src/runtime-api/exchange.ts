import type { Client, Dispatcher } from 'undici';
import { Promise, setImmediate } from '../builtins.ts';
import type { EventBytes } from '../invocation/invocation.ts';
import { BodyCollector } from './body-collector.ts';
import type { Headers } from './event-headers.ts';

/** What came back on a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: EventBytes;
}

/** A request that failed, with the headers of its answer where they had arrived. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly headers: Headers | undefined;

  constructor(cause: Error, headers: Headers | undefined) {
    super(`${cause.message}${'code' in cause ? ` (${String(cause.code)})` : ''}`, { cause });
    this.headers = headers;
  }
}

/** Sends one request and gathers its answer. Rejects with an {@link ExchangeError}. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: ExchangeError) => void;
  readonly #onStart: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers | undefined;
  #body: BodyCollector | undefined;
  #cancelled = false;

  /** @param onStart called right before the request is written. */
  constructor(client: Client, options: Dispatcher.DispatchOptions, onStart?: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
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
    this.#reject(new ExchangeError(error, this.#headers));
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
