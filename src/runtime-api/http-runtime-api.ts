import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { RequestsObserver } from '../observing/observer.ts';
import type { Log } from '../logging/log.ts';
import { registerExtension } from './extension.ts';
import { HttpRuntimeApiClient } from './http-client.ts';
import { postInitError } from './init-error.ts';
import type { RuntimeApiClient } from './runtime-api-client.ts';

/** All that the runtime asks of the Runtime API. */
export class HttpRuntimeApi {
  readonly #address: string;
  readonly #log: Log;
  readonly #observer: RequestsObserver;
  readonly #clients: HttpRuntimeApiClient[] = [];

  constructor(address: string, log: Log, observer: RequestsObserver) {
    this.#address = address;
    this.#log = log;
    this.#observer = observer;
  }

  /** A client for one slot, which polls until the signal aborts. */
  client(stop: AbortSignal): RuntimeApiClient {
    const othersConnected = () => this.#clients.some((other) => other.connected);
    const client = new HttpRuntimeApiClient(this.#address, this.#log, this.#observer, stop, othersConnected);
    this.#clients.push(client);
    return client;
  }

  /** Loads what streamed answers need, while nothing has to wait for it. */
  expectStreams(): void {
    void import('./streamed-answer.ts');
  }

  postInitError(diagnostic: EncodedDiagnostic, stop: AbortSignal): Promise<void> {
    return postInitError(this.#address, diagnostic, this.#log, this.#observer, stop);
  }

  registerExtension(stop: AbortSignal): Promise<() => Promise<void>> {
    return registerExtension(this.#address, this.#log, this.#observer, stop);
  }
}
