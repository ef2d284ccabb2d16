import { clearTimeout, setTimeout } from '../builtins.ts';
import { LONGEST_TIMER_MS } from '../invocation/time.ts';
import type { LoggedLine } from '../protocol.ts';
import { ACCEPTED, refusal } from './http-exchange.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { Route } from './http-server.ts';
import { exited, timedOut, tooLarge } from './invoke.ts';
import type { InvokeError, InvokeOptions, InvokeResponse, InvokeResult } from './invoke.ts';
import type { InvokeApiContext } from './lambda-api/invoke-request.ts';

/** An event that was handed over and is not answered yet. */
export interface OpenInvocation {
  readonly requestId: string;
  readonly onChunk: InvokeOptions['onChunk'];
  readonly keepStream: boolean;
  /** Gives the caller its result. */
  readonly resolve: (result: InvokeResult) => void;
  /** The bytes of a streaming response so far; `undefined` until one has begun. */
  stream: Buffer[] | undefined;
  /** Of all of them, also those that are not kept. */
  streamedBytes: number;
  deadline: NodeJS.Timeout | undefined;
}

/** The invocations in flight: each is ended once, by an answer, by its deadline, or with the runtime. */
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

  /** Has the caller get a timeout after so many milliseconds, unless the invocation is ended by then. */
  limit(invocation: OpenInvocation, ms: number): void {
    if (ms > LONGEST_TIMER_MS) return;
    invocation.deadline = setTimeout(() => this.#expire(invocation, ms), Math.max(0, ms));
  }

  /** Ends an invocation with what the runtime has posted in full; refuses it for any other id. */
  accept(requestId: string, result: InvokeResponse | InvokeError): HttpAnswer {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined || invocation.stream !== undefined) return this.refuse(requestId);
    this.#log.accepted(requestId);
    this.#end(invocation, result);
    return ACCEPTED;
  }

  /** Claims an invocation for one streaming response; `undefined` when it cannot have one (any more). */
  beginStream(requestId: string): OpenInvocation | undefined {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined || invocation.stream !== undefined) return undefined;
    invocation.stream = [];
    return invocation;
  }

  /** Ends the invocation that a stream has claimed; refuses it when the stream came to its end too late. */
  acceptStream(invocation: OpenInvocation, result: InvokeResponse | InvokeError): HttpAnswer {
    if (!this.isCurrent(invocation)) return this.refuse(invocation.requestId);
    this.#log.accepted(invocation.requestId);
    this.#end(invocation, result);
    return ACCEPTED;
  }

  /** Ends the invocation of a stream that broke off; one that broke off before its first byte may be tried again. */
  breakStream(invocation: OpenInvocation, result: InvokeError): void {
    if (!this.isCurrent(invocation)) return;
    if (invocation.stream?.length === 0) invocation.stream = undefined;
    else this.#end(invocation, result);
  }

  /** Whether the invocation is in flight still. */
  isCurrent(invocation: OpenInvocation): boolean {
    return this.#open.get(invocation.requestId) === invocation;
  }

  /** Refuses an answer: 410 after a timeout, 400 otherwise. */
  refuse(requestId: string): HttpAnswer {
    const answer = this.#timedOut.has(requestId) ? INVOKE_TIMEOUT : INVALID_REQUEST_ID;
    this.#log.refused(requestId, answer.status);
    return answer;
  }

  /** Refuses a response for its size, and tells the caller, as Lambda does. */
  refuseTooLarge(requestId: string, answer: HttpAnswer, bytes: number, mostBytes: number): HttpAnswer {
    const invocation = this.#open.get(requestId);
    if (invocation === undefined || invocation.stream !== undefined) return this.refuse(requestId);
    this.#log.refused(requestId, answer.status);
    this.#end(invocation, tooLarge(requestId, bytes, mostBytes));
    return answer;
  }

  /** Refuses one answer for its size or its form; the invocation stays open for another. */
  refuseOnce(requestId: string, answer: HttpAnswer): HttpAnswer {
    if (!this.#open.has(requestId)) return this.refuse(requestId);
    this.#log.refused(requestId, answer.status);
    return answer;
  }

  /** Fails all that are in flight, as when the runtime's process exits. Returns how many. */
  failAll(errorType: string, message: string): number {
    const invocations = [...this.#open.values()];
    for (const each of invocations) this.#end(each, exited(each.requestId, errorType, message, each.stream));
    return invocations.length;
  }

  #expire(invocation: OpenInvocation, ms: number): void {
    this.#timedOut.add(invocation.requestId);
    if (this.#timedOut.size > REMEMBERED_TIMEOUTS) this.#forgetOldestTimeout();
    this.#end(invocation, timedOut(invocation.requestId, ms, invocation.stream));
  }

  #end(invocation: OpenInvocation, result: Exclude<InvokeResult, { status: 'unavailable' }>): void {
    clearTimeout(invocation.deadline);
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

/** What became of one request id: how often its event was handed over, and how its answers were taken. */
export interface Delivery {
  readonly requestId: string;
  /** How often the event was handed to a poll: 1, or 0 for an id that the server never gave out. */
  readonly handedOver: number;
  /** How many answers were taken with 202. */
  readonly accepted: number;
  /** The status of each answer that was refused, in order: 400, 410 or 413. */
  readonly refused: readonly number[];
  readonly outcome: 'open' | 'response' | 'error' | 'timeout' | 'abandoned' | 'unknown';
}

/** Remembers the last deliveries, so that tests can see that each event was answered exactly once. */
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

/** Who looks on at what the local server does, and shows it on a page of the server. No method throws. */
export interface LocalServerObserver {
  /** Of its page, below `/_lambda/`, where no event can come. */
  readonly path: string;
  /** A caller brings an event. The promise rejects when the caller gives up. */
  invoked(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void;
  /** A caller was refused with 429. */
  refused(): void;
  logged(line: LoggedLine): void;
  /** Makes what answers at its path and below. */
  route(invokeApi: InvokeApiContext): Route;
  close(): void;
}
