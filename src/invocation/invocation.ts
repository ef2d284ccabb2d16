import type { Readable } from 'node:stream';
import type { EncodedDiagnostic } from './diagnostic.ts';

/** What the Runtime API says about an invocation, besides the event: the headers of `/next`, as text. */
export interface InvocationMetadata {
  readonly requestId: string;
  /** The instant at which Lambda answers the caller with a timeout, in epoch milliseconds. */
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
  /** The X-Ray trace header. */
  readonly traceId: string | undefined;
  /** JSON, not parsed yet. */
  readonly clientContext: string | undefined;
  /** JSON, not parsed yet. */
  readonly cognitoIdentity: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * The event's bytes, untouched: small ones as a string with one character for each byte (latin1), which crosses
 * threads cheaply; large ones as an array that owns its buffer, which is transferred.
 */
export type EventBytes = string | Uint8Array<ArrayBuffer>;

/** One event and its metadata, until it is answered. */
export interface Invocation {
  readonly metadata: InvocationMetadata;
  readonly event: EventBytes;
}

/** The response's body: text for small ones, an array that owns its buffer for large or binary ones. */
export type ResponseBody = string | Uint8Array<ArrayBuffer>;

/** How a handler ended, or that its response has begun. */
export type Outcome = SettledOutcome | StreamedOutcome;

export type SettledOutcome =
  | { readonly type: 'response'; readonly body: ResponseBody; readonly contentType: string }
  | { readonly type: 'failure'; readonly diagnostic: EncodedDiagnostic };

/** A response that comes in parts, from a handler that still runs. */
export interface StreamedOutcome {
  readonly type: 'stream';
  readonly contentType: string;
  readonly body: StreamedBody;
}

/** The parts, as they are made. Whoever reads them destroys it when they cannot be passed on any more. */
export interface StreamedBody extends Readable {
  /** What went wrong after the last part, if anything; known when it has ended. */
  readonly failure: EncodedDiagnostic | undefined;
  /** To be told of each chunk that is needed no more: others follow, and its memory is used again. */
  passedOn(chunk: Uint8Array<ArrayBuffer>): void;
  /** How many bytes have been passed on. */
  readonly passedOnBytes: number;
}

/**
 * What became of an answer.
 *
 * - `delivered`: the Runtime API has taken it.
 * - `replaced`: it was too large or broke off; the caller got an error in its place, or behind what it had.
 * - `late`: the caller had its timeout before.
 * - `aborted`: Lambda had ended the invocation before, as it does when it shuts the environment down.
 * - `failed`: the Runtime API refused it, could not be reached, or took only a part of a stream.
 */
export type DeliveryStatus = 'delivered' | 'replaced' | 'late' | 'aborted' | 'failed';

export function failure(diagnostic: EncodedDiagnostic): SettledOutcome {
  return { type: 'failure', diagnostic };
}

/**
 * Bytes as text. Headers of HTTP and small events come as strings with one character for each byte; what is no UTF-8 becomes
 * U+FFFD.
 */
export function utf8(bytes: EventBytes): string {
  if (typeof bytes !== 'string') return Buffer.from(bytes.buffer).toString();
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

const NOT_ASCII = /[^\x00-\x7f]/;

/**
 * Things that come and go with the invocations, few at a time.
 *
 * Not a Set or a Map: theirs is a table that is replaced after some deletions, and a replaced one leads to its successor. Once one
 * of them has got into V8's old generation, all that follow it survive as well, each with the invocations that it held: the
 * main thread's heap grew several times as large.
 */
export class InFlight<Item> implements Iterable<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** Says whether it was there. */
  delete(item: Item): boolean {
    const index = this.#items.indexOf(item);
    if (index === -1) return false;
    const last = this.#items.pop() as Item;
    if (index < this.#items.length) this.#items[index] = last;
    return true;
  }

  find(isWanted: (item: Item) => boolean): Item | undefined {
    return this.#items.find(isWanted);
  }

  has(item: Item): boolean {
    return this.#items.includes(item);
  }

  /** Takes all of them out. */
  clear(): Item[] {
    return this.#items.splice(0);
  }

  /** Goes over those that are there now. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice()[Symbol.iterator]();
  }
}
