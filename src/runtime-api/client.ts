import { Promise, dateNow } from '../builtins.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { failure } from '../invocation/invocation.ts';
import type {
  DeliveryStatus,
  Invocation,
  InvocationMetadata,
  Outcome,
  StreamedOutcome,
} from '../invocation/invocation.ts';
import type { Log } from '../logging/log.ts';
import type { RequestsObserver } from '../observability/observer.ts';
import { API_VERSION, Connection } from './connection.ts';
import type { ApiResponse, PendingRequest, RequestError } from './connection.ts';
import { registerExtension } from './extension.ts';
import { parseEventHeaders } from './event-headers.ts';
import { postInitError } from './init-error.ts';
import { postOutcome } from './respond.ts';
import type { AnswerRoute } from './respond.ts';
import { PollBackoff } from './retry.ts';
import type { PollFault } from './retry.ts';
import type { RuntimeApiClient } from './runtime-api-client.ts';

/** The Runtime API over HTTP: one connection for the slot, and a second one while an answer has to be repeated. */
class HttpRuntimeApiClient implements RuntimeApiClient {
  readonly #runtimeApi: string;
  readonly #log: Log;
  readonly #observer: RequestsObserver;
  readonly #stop: AbortSignal;
  readonly #connection: Connection;
  readonly #backoff: PollBackoff;
  readonly #closing = new AbortController();
  #repeats: Connection | undefined;
  #polling: PendingRequest | undefined;
  #hasPolled = false;

  constructor(
    runtimeApi: string,
    log: Log,
    observer: RequestsObserver,
    stop: AbortSignal,
    othersConnected: () => boolean,
  ) {
    this.#runtimeApi = runtimeApi;
    this.#log = log;
    this.#observer = observer;
    this.#stop = stop;
    this.#connection = new Connection(runtimeApi, observer);
    this.#backoff = new PollBackoff(runtimeApi, log, observer, othersConnected);
    // The poll shares the connection with the answer before it, whose receipt must not be lost with the poll.
    stop.addEventListener(
      'abort',
      () => void this.#connection.received().then(() => this.#polling?.cancel()),
    );
  }

  async mayPoll(): Promise<boolean> {
    await this.#backoff.wait(this.#stop);
    return !this.#stop.aborted;
  }

  async next(): Promise<Invocation | undefined> {
    while (!this.#stop.aborted) {
      const polled = await this.#poll();
      if (polled.type === 'failed') {
        this.#backoff.failed(polled.fault);
        return undefined;
      }
      this.#backoff.succeeded();
      if (polled.type === 'event') return polled.invocation;
    }
    return undefined;
  }

  /** Has its last poll been written, or answered? */
  get connected(): boolean {
    return !this.#backoff.hasFailed && (this.#polling?.sent ?? this.#hasPolled);
  }

  answer({ metadata }: Invocation, outcome: Outcome): Promise<DeliveryStatus> {
    if (outcome.type === 'stream') return this.#stream(metadata, outcome);
    return postOutcome(metadata, outcome, this.#route());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#connection.destroy(), this.#repeats?.destroy()]);
  }

  #route(): AnswerRoute {
    return {
      first: this.#connection,
      repeats: () => (this.#repeats ??= new Connection(this.#runtimeApi, this.#observer)),
      signal: this.#closing.signal,
      log: this.#log,
      observer: this.#observer,
    };
  }

  /** On a connection of its own: the next poll need not wait for it. */
  async #stream(metadata: InvocationMetadata, outcome: StreamedOutcome): Promise<DeliveryStatus> {
    const { postStream } = await import('./respond-streaming.ts');
    return postStream(metadata, outcome, {
      ...this.#route(),
      runtimeApi: this.#runtimeApi,
    });
  }

  async #poll(): Promise<Polled> {
    this.#polling = this.#connection.send(NEXT);
    this.#hasPolled = true;
    try {
      return await this.#received(await this.#polling.answer);
    } catch (error) {
      return await this.#broken(error as RequestError);
    } finally {
      this.#polling = undefined;
    }
  }

  async #received(answer: ApiResponse): Promise<Polled> {
    if (answer.status !== 200) return failed(`/next answered with status ${answer.status}`);
    const parsed = parseEventHeaders(answer.headers);
    if (parsed.type === 'valid') {
      return { type: 'event', invocation: { metadata: parsed.metadata, event: answer.body } };
    }
    return this.#refuse(withoutDeadline(parsed.requestId), parsed.fault);
  }

  async #broken(error: RequestError): Promise<Polled> {
    const parsed = error.headers === undefined ? undefined : parseEventHeaders(error.headers);
    if (parsed === undefined) return failed(error.message, isOutOfDescriptors(error));
    const metadata = parsed.type === 'valid' ? parsed.metadata : withoutDeadline(parsed.requestId);
    return this.#refuse(metadata, `the event's body broke off: ${error.message}`);
  }

  /** An event that nobody can handle is answered where it can be, since its caller waits. */
  async #refuse(metadata: InvocationMetadata | undefined, fault: string): Promise<Polled> {
    const malformed = diagnostic('Runtime.MalformedEvent', `The event cannot be handled: ${fault}.`);
    const { errorType, errorMessage } = malformed;
    this.#log.error(
      { requestId: metadata?.requestId, errorType, errorMessage, reason: fault },
      'A malformed event arrived',
    );
    this.#observer.malformedEvent();
    if (metadata === undefined) return failed(fault);
    await this.answer({ metadata, event: '' }, failure(encodeDiagnostic(malformed)));
    return { type: 'malformed' };
  }
}

type Polled =
  | { readonly type: 'event'; readonly invocation: Invocation }
  | { readonly type: 'malformed' }
  | { readonly type: 'failed'; readonly fault: PollFault };

function failed(reason: string, outOfDescriptors = false): Polled {
  return { type: 'failed', fault: { reason, outOfDescriptors } };
}

/** Of the process, or of the system. */
function isOutOfDescriptors({ cause }: Error): boolean {
  return ['EMFILE', 'ENFILE'].includes((cause as NodeJS.ErrnoException).code ?? '');
}

const NEXT = { method: 'GET', path: `${API_VERSION}/runtime/invocation/next` } as const;

/** How long to try to answer an event whose deadline could not be read. */
const MALFORMED_TIMEOUT_MS = 3_000;

/** What it takes to answer an event of which only the request id could be read, if that. */
function withoutDeadline(requestId: string | undefined): InvocationMetadata | undefined {
  if (requestId === undefined) return undefined;
  return {
    requestId,
    deadlineMs: dateNow() + MALFORMED_TIMEOUT_MS,
    invokedFunctionArn: '',
    traceId: undefined,
    clientContext: undefined,
    cognitoIdentity: undefined,
    tenantId: undefined,
  };
}

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
    void import('./respond-streaming.ts');
  }

  postInitError(diagnostic: EncodedDiagnostic, stop: AbortSignal): Promise<void> {
    return postInitError(this.#address, diagnostic, this.#log, this.#observer, stop);
  }

  registerExtension(stop: AbortSignal): Promise<() => Promise<void>> {
    return registerExtension(this.#address, this.#log, this.#observer, stop);
  }
}
