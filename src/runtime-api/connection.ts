import type { Socket } from 'node:net';
import buildConnector from 'undici/lib/core/connect.js';
import Client from 'undici/lib/dispatcher/client.js';
import type { Dispatcher } from 'undici';
import { MOST_TIMEOUT_S } from '../config/limits.ts';
import { nextTick } from '../builtins.ts';
import type { RequestsObserver } from '../observing/observer.ts';
import { Exchange } from './exchange.ts';

/** The path that all of the Runtime API's paths begin with. */
export const API_VERSION = '/2018-06-01';

/** How long the Runtime API may take to answer a post, in ms. A poll has no limit. */
export const POST_TIMEOUT_MS = 10_000;

/** A connection to the Runtime API. It is opened when it is needed, and again when it was lost. */
export class Connection {
  readonly #client: Client;
  readonly #observer: RequestsObserver;
  #socket: Socket | undefined;
  #ahead: Exchange | undefined;

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

  send(options: Dispatcher.DispatchOptions): Exchange {
    return this.#observed(options, new Exchange(this.#client, options));
  }

  /** Sends a request that the next poll may follow; both then leave in one piece. */
  sendAhead(options: Dispatcher.DispatchOptions): Exchange {
    const ahead = { ...options, blocking: false };
    this.#ahead = this.#observed(ahead, new Exchange(this.#client, ahead, () => this.#holdBack()));
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

  #observed({ method, path }: Dispatcher.DispatchOptions, exchange: Exchange): Exchange {
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
  #holdBack(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.cork();
    nextTick(() => socket.uncork());
  }
}

/** The connection is idle while a handler runs, which may take as long as a function may. */
const IDLE_MS = MOST_TIMEOUT_S * 1_000;
