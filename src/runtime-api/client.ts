import { Promise, dateNow } from '../builtins.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { failureOutcome } from '../invocation/invocation.ts';
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
import { postInstead, postOutcome, truncatedResponse } from './respond.ts';
import type { AnswerRoute } from './respond.ts';
import { PollBackoff, REACHED_AFTER_MS } from './retry.ts';
import type { PollFault } from './retry.ts';
import type { RuntimeApiClient } from './runtime-api-client.ts';

/** One slot's client of the Runtime API: one connection, and a second one while an answer is retried. */
class HttpRuntimeApiClient implements RuntimeApiClient {
  readonly #runtimeApi: string;
  readonly #log: Log;
  readonly #observer: RequestsObserver;
  readonly #stop: AbortSignal;
  readonly #connection: Connection;
  readonly #backoff: PollBackoff;
  readonly #closing = new AbortController();
  #retryConnection: Connection | undefined;
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
    // Cancelling the poll closes the connection, so the response to the answer before it must arrive first.
    stop.addEventListener(
      'abort',
      () => void this.#connection.pipelinedSettled().then(() => this.#polling?.cancel()),
    );
  }

  waitUntilMayPoll(): Promise<boolean> {
    return this.#backoff.wait(this.#stop);
  }

  async next(): Promise<Invocation | undefined> {
    while (!this.#stop.aborted) {
      const request = this.#connection.send(NEXT);
      const polled = await this.#poll(request);
      if (polled.type === 'failed') {
        this.#backoff.failed(polled.fault, request.openMs);
        return undefined;
      }
      this.#backoff.succeeded();
      if (polled.type === 'event') return polled.invocation;
    }
    return undefined;
  }

  /** Whether the last poll has been written or answered. */
  get connected(): boolean {
    const polling = this.#polling;
    if (this.#backoff.hasFailed) return polling !== undefined && polling.openMs >= REACHED_AFTER_MS;
    return polling?.sent ?? this.#hasPolled;
  }

  answer({ metadata }: Invocation, outcome: Outcome): Promise<DeliveryStatus> {
    if (outcome.type === 'stream') return this.#stream(metadata, outcome);
    return postOutcome(metadata, outcome, this.#route());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#connection.destroy(), this.#retryConnection?.destroy()]);
  }

  #route(): AnswerRoute {
    return {
      first: this.#connection,
      retries: () =>
        (this.#retryConnection ??= new Connection(this.#runtimeApi, this.#observer, RETRY_IDLE_MS)),
      signal: this.#closing.signal,
      log: this.#log,
      observer: this.#observer,
    };
  }

  /** Uses a separate connection, so that the next poll does not wait for the stream. */
  async #stream(metadata: InvocationMetadata, outcome: StreamedOutcome): Promise<DeliveryStatus> {
    const route = { ...this.#route(), runtimeApi: this.#runtimeApi };
    try {
      const { postStream } = await import('./respond-streaming.ts');
      return await postStream(metadata, outcome, route);
    } catch (error) {
      // The module cannot be loaded, for example because there is no file descriptor left.
      const reason = (error as Error).message;
      this.#log.error({ requestId: metadata.requestId, reason }, 'The response stream cannot be posted');
      outcome.body.destroy();
      return postInstead(metadata, truncatedResponse(reason), route);
    }
  }

  async #poll(request: PendingRequest): Promise<Polled> {
    this.#polling = request;
    this.#hasPolled = true;
    try {
      return await request.response.then(
        (response) => this.#onPollAnswered(response),
        (error: RequestError) => this.#onPollFailed(error),
      );
    } finally {
      this.#polling = undefined;
    }
  }

  #onPollAnswered(response: ApiResponse): Polled | Promise<Polled> {
    if (response.status !== 200) return failed(`/next answered with status ${response.status}`);
    const parsed = parseEventHeaders(response.headers);
    if (parsed.type === 'valid') {
      return { type: 'event', invocation: { metadata: parsed.metadata, event: response.body } };
    }
    return this.#refuse(withoutDeadline(parsed.requestId), parsed.fault);
  }

  #onPollFailed(error: RequestError): Polled | Promise<Polled> {
    const { response } = error;
    if (response?.status !== 200) return failed(error.message, isOutOfDescriptors(error));
    const parsed = parseEventHeaders(response.headers);
    const metadata = parsed.type === 'valid' ? parsed.metadata : withoutDeadline(parsed.requestId);
    return this.#refuse(metadata, `the event's body was cut off: ${error.message}`);
  }

  /** Answers a malformed event with an error, if its request id is known, because its caller waits. */
  async #refuse(metadata: InvocationMetadata | undefined, fault: string): Promise<Polled> {
    const malformed = diagnostic('Runtime.MalformedEvent', `The event cannot be handled: ${fault}.`);
    const { errorType, errorMessage } = malformed;
    this.#log.error(
      { requestId: metadata?.requestId, errorType, errorMessage, reason: fault },
      'A malformed event arrived',
    );
    this.#observer.malformedEvent();
    if (metadata === undefined) return failed(fault);
    await this.answer({ metadata, event: '' }, failureOutcome(encodeDiagnostic(malformed)));
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

/** True if the process or the system has no file descriptors left. */
function isOutOfDescriptors({ cause }: Error): boolean {
  return ['EMFILE', 'ENFILE'].includes((cause as NodeJS.ErrnoException).code ?? '');
}

const NEXT = { method: 'GET', path: `${API_VERSION}/runtime/invocation/next` } as const;

/** The plan of file descriptors has none for connections that stay open after a retry. */
const RETRY_IDLE_MS = 1_000;

/** How long to retry the answer to an event without a valid deadline. */
const MALFORMED_TIMEOUT_MS = 3_000;

/** Metadata to answer an event whose deadline is not known; undefined if its request id is not known either. */
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

/** The runtime's access to the Runtime API: a client for each slot, init errors and the extension. */
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

  /** Creates the client of one slot, which polls until the signal aborts. */
  client(stop: AbortSignal): RuntimeApiClient {
    const othersConnected = () => this.#clients.some((other) => other.connected);
    const client = new HttpRuntimeApiClient(this.#address, this.#log, this.#observer, stop, othersConnected);
    this.#clients.push(client);
    return client;
  }

  /** Loads the module for response streams before the first one needs it, which loads it again if that fails. */
  expectStreams(): void {
    import('./respond-streaming.ts').catch(() => undefined);
  }

  postInitError(diagnostic: EncodedDiagnostic, stop: AbortSignal): Promise<void> {
    return postInitError(this.#address, diagnostic, this.#log, this.#observer, stop);
  }

  registerExtension(stop: AbortSignal): Promise<() => Promise<void>> {
    return registerExtension(this.#address, this.#log, this.#observer, stop);
  }
}
