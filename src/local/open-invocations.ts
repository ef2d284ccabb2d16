import { clearTimeout, setTimeout } from '../builtins.ts';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';
import type { LoggedLine } from '../protocol.ts';
import { ACCEPTED, refusal } from './http-exchange.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { Route } from './http-server.ts';
import { exitedResult, tooLargeResult, timedOutResult } from './invoke.ts';
import type { InvokeError, InvokeOptions, InvokeResponse, InvokeResult } from './invoke.ts';
import type { InvokeApiContext } from './lambda-api/invoke-request.ts';

/** An event that was delivered to the runtime and is not answered yet. */
export interface OpenInvocation {
  readonly requestId: string;
  readonly onChunk: InvokeOptions['onChunk'];
  readonly keepStream: boolean;
  readonly resolve: (result: InvokeResult) => void;
  /** The chunks of a streaming response so far; `undefined` until a stream begins. */
  stream: Buffer[] | undefined;
  /** The number of streamed bytes, including those that are not kept. */
  streamedBytes: number;
  timeout: NodeJS.Timeout | undefined;
}

/** The invocations in flight. Each ends exactly once: with an answer, at its deadline, or with the runtime. */
export class OpenInvocations {
  readonly #open = new Map<string, OpenInvocation>();
  readonly #timedOut = new Set<string>();
  readonly #log: DeliveryLog;

  constructor(log: DeliveryLog) {
    this.#log = log;
  }

  get size(): number {
    return this.#open.size;
  }

  has(requestId: string): boolean {
    return this.#open.has(requestId);
  }

  add(invocation: OpenInvocation): void {
    this.#timedOut.delete(invocation.requestId);
    this.#open.set(invocation.requestId, invocation);
    this.#log.handedOver(invocation.requestId);
  }

  /** Ends the invocation with a timeout after `ms`, unless it has ended by then. */
  setTimeout(invocation: OpenInvocation, ms: number): void {
    if (ms > LONGEST_TIMER_MS) return;
    invocation.timeout = setTimeout(() => this.#expire(invocation, ms), Math.max(0, ms));
  }

  /** Ends an invocation with a complete answer. Rejects the answer if its request id is not in flight. */
  accept(requestId: string, result: InvokeResponse | InvokeError): HttpAnswer {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined || invocation.stream !== undefined) return this.refuse(requestId);
    this.#log.accepted(requestId);
    this.#end(invocation, result);
    return ACCEPTED;
  }

  /** Claims an invocation for a streaming response. Returns `undefined` if it has ended or is already claimed. */
  beginStream(requestId: string): OpenInvocation | undefined {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined || invocation.stream !== undefined) return undefined;
    invocation.stream = [];
    return invocation;
  }

  /** Ends the invocation that a stream has claimed. Rejects the answer if the invocation ended before the stream. */
  acceptStream(invocation: OpenInvocation, result: InvokeResponse | InvokeError): HttpAnswer {
    if (!this.isCurrent(invocation)) return this.refuse(invocation.requestId);
    this.#log.accepted(invocation.requestId);
    this.#end(invocation, result);
    return ACCEPTED;
  }

  /** Ends the invocation of an aborted stream. A stream that was aborted before its first byte may be sent again. */
  abortStream(invocation: OpenInvocation, result: InvokeError): void {
    if (!this.isCurrent(invocation)) return;
    if (invocation.stream?.length === 0) invocation.stream = undefined;
    else this.#end(invocation, result);
  }

  /** Whether the invocation is still in flight. */
  isCurrent(invocation: OpenInvocation): boolean {
    return this.#open.get(invocation.requestId) === invocation;
  }

  /** Rejects an answer: with 410 after a timeout, otherwise with 400. */
  refuse(requestId: string): HttpAnswer {
    const answer = this.#timedOut.has(requestId) ? INVOKE_TIMEOUT : INVALID_REQUEST_ID;
    this.#log.refused(requestId, answer.status);
    return answer;
  }

  /** Rejects a response because of its size and ends the invocation with an error, as Lambda does. */
  refuseTooLarge(requestId: string, answer: HttpAnswer, bytes: number, maxBytes: number): HttpAnswer {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined || invocation.stream !== undefined) return this.refuse(requestId);
    this.#log.refused(requestId, answer.status);
    this.#end(invocation, tooLargeResult(requestId, bytes, maxBytes));
    return answer;
  }

  /** Rejects an answer because of its size or form. The invocation stays open for another answer. */
  refuseOnce(requestId: string, answer: HttpAnswer): HttpAnswer {
    if (!this.#open.has(requestId)) return this.refuse(requestId);
    this.#log.refused(requestId, answer.status);
    return answer;
  }

  /** Fails all invocations in flight, as when the runtime's process exits. Returns their number. */
  failAll(errorType: string, message: string): number {
    const invocations = [...this.#open.values()];
    for (const each of invocations)
      this.#end(each, exitedResult(each.requestId, errorType, message, each.stream));
    return invocations.length;
  }

  #expire(invocation: OpenInvocation, ms: number): void {
    this.#timedOut.add(invocation.requestId);
    if (this.#timedOut.size > REMEMBERED_TIMEOUTS) this.#forgetOldestTimeout();
    this.#end(invocation, timedOutResult(invocation.requestId, ms, invocation.stream));
  }

  #end(invocation: OpenInvocation, result: Exclude<InvokeResult, { status: 'unavailable' }>): void {
    clearTimeout(invocation.timeout);
    this.#open.delete(invocation.requestId);
    this.#log.ended(invocation.requestId, result.status);
    invocation.resolve(result);
  }

  #forgetOldestTimeout(): void {
    for (const requestId of this.#timedOut) {
      this.#timedOut.delete(requestId);
      return;
    }
  }
}

const REMEMBERED_TIMEOUTS = 10_000;
const INVALID_REQUEST_ID = refusal(400, 'InvalidRequestID', 'Invalid request ID');
const INVOKE_TIMEOUT = refusal(410, 'InvokeTimeout', 'Invoke timeout');

/** The delivery of one request id: how often its event was delivered, and which answers were accepted or rejected. */
export interface Delivery {
  readonly requestId: string;
  /** How often the event was delivered to a poll: 1, or 0 for an id that the server did not assign. */
  readonly handedOver: number;
  /** The number of answers accepted with 202. */
  readonly accepted: number;
  /** The status codes of the rejected answers, in order: 400, 410 or 413. */
  readonly refused: readonly number[];
  readonly outcome: 'open' | 'response' | 'error' | 'timeout' | 'abandoned' | 'unknown';
}

/** Records the latest deliveries, so that tests can assert that each event was answered exactly once. */
export class DeliveryLog {
  readonly entries = new Map<string, MutableDelivery>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  handedOver(requestId: string): void {
    const entry = this.#entry(requestId);
    entry.handedOver += 1;
    entry.outcome = 'open';
  }

  ended(requestId: string, outcome: Delivery['outcome']): void {
    this.#entry(requestId).outcome = outcome;
  }

  accepted(requestId: string): void {
    this.#entry(requestId).accepted += 1;
  }

  refused(requestId: string, status: number): void {
    this.#entry(requestId).refused.push(status);
  }

  #entry(requestId: string): MutableDelivery {
    const known = this.entries.get(requestId);
    if (known !== undefined) return known;
    const entry: MutableDelivery = { requestId, handedOver: 0, accepted: 0, refused: [], outcome: 'unknown' };
    this.entries.set(requestId, entry);
    if (this.entries.size > this.#limit) this.#forgetOldest();
    return entry;
  }

  #forgetOldest(): void {
    for (const requestId of this.entries.keys()) {
      this.entries.delete(requestId);
      return;
    }
  }
}

interface MutableDelivery extends Delivery {
  handedOver: number;
  accepted: number;
  readonly refused: number[];
  outcome: Delivery['outcome'];
}

/** Observes the local server and serves a page about it. No method throws. */
export interface LocalServerObserver {
  /** The path of its page, below `/_lambda/`, which function URL events cannot use. */
  readonly path: string;
  /** A caller has sent an event. The promise rejects when the caller gives up. */
  invoked(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void;
  /** A chunk of a streaming response has arrived. */
  streamed(requestId: string, bytes: number): void;
  /** A caller was throttled with 429. */
  refused(): void;
  logged(line: LoggedLine): void;
  /** Creates the route that serves its path and everything below. */
  route(invokeApi: InvokeApiContext): Route;
  close(): void;
}
