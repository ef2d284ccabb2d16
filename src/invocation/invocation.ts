import type { Readable } from 'node:stream';
import type { EncodedDiagnostic } from './diagnostic.ts';

/** The metadata of an invocation from the headers of `/next`, as text. */
export interface InvocationMetadata {
  readonly requestId: string;
  /** The instant at which Lambda answers the caller with a timeout, in epoch milliseconds. */
  readonly deadlineMs: number;
  readonly invokedFunctionArn: string;
  /** The X-Ray trace header. */
  readonly traceId: string | undefined;
  /** JSON text. */
  readonly clientContext: string | undefined;
  /** JSON text. */
  readonly cognitoIdentity: string | undefined;
  readonly tenantId: string | undefined;
}

/**
 * The unparsed event. Small events are strings with one character for each byte (latin1), which are cheap to send to a thread.
 * Large events are arrays that own their buffer, which is transferred.
 */
export type EventBytes = string | Uint8Array<ArrayBuffer>;

/** One event and its metadata. */
export interface Invocation {
  readonly metadata: InvocationMetadata;
  readonly event: EventBytes;
}

/** The body of a response: text if it is small, else an array that owns its buffer. */
export type ResponseBody = string | Uint8Array<ArrayBuffer>;

/** The result of a handler, its error, or a response stream that has begun. */
export type Outcome = CompleteOutcome | StreamedOutcome;

export type CompleteOutcome =
  | { readonly type: 'response'; readonly body: ResponseBody; readonly contentType: string }
  | { readonly type: 'failure'; readonly diagnostic: EncodedDiagnostic };

/** A response stream of a handler that is still running. */
export interface StreamedOutcome {
  readonly type: 'stream';
  readonly contentType: string;
  readonly body: StreamedBody;
}

/** The bytes of a response stream. Its reader destroys it when it cannot forward more bytes. */
export interface StreamedBody extends Readable {
  /** The error that ended the stream, if any; set when the stream has ended. */
  readonly failure: EncodedDiagnostic | undefined;
  /** Must be called when a chunk has been forwarded. The handler may then send more, and the memory is reused. */
  passedOn(chunk: Uint8Array<ArrayBuffer>): void;
  /** The number of bytes that have been forwarded. */
  readonly passedOnBytes: number;
}

/**
 * The delivery status of an answer (response or error) to the Runtime API.
 *
 * - `delivered`: the Runtime API accepted it.
 * - `replaced`: it was too large or its stream was interrupted; the caller got an error instead of it or after a part of it.
 * - `late`: Lambda had already reported a timeout to the caller.
 * - `aborted`: Lambda had already ended the invocation, for example at shutdown.
 * - `failed`: the Runtime API refused it, was unreachable, or accepted only part of a stream.
 */
export type DeliveryStatus = 'delivered' | 'replaced' | 'late' | 'aborted' | 'failed';

export function failureOutcome(diagnostic: EncodedDiagnostic): CompleteOutcome {
  return { type: 'failure', diagnostic };
}

/**
 * Decodes UTF-8. HTTP headers and small events are strings with one character for each byte. Invalid sequences become U+FFFD.
 */
export function utf8(bytes: EventBytes): string {
  if (typeof bytes !== 'string') return Buffer.from(bytes.buffer).toString();
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

const NOT_ASCII = /[^\x00-\x7f]/;

/**
 * A small collection of items that change with each invocation.
 *
 * It is an array because V8 replaces the hash table of a Set or Map after some deletions, and the old table references the new
 * one. Once a table is in V8's old generation, all later tables and their invocations survive young-generation collections,
 * and the heap of the main thread grows to several times its size.
 */
export class InFlight<Item> implements Iterable<Item> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** Returns false if the item is not in the collection. */
  delete(item: Item): boolean {
    const index = this.#items.indexOf(item);
    if (index === -1) return false;
    const last = this.#items.pop() as Item;
    if (index < this.#items.length) this.#items[index] = last;
    return true;
  }

  find(matches: (item: Item) => boolean): Item | undefined {
    return this.#items.find(matches);
  }

  has(item: Item): boolean {
    return this.#items.includes(item);
  }

  /** Removes and returns all items. */
  clear(): Item[] {
    return this.#items.splice(0);
  }

  /** Iterates over a copy, so that items may be deleted meanwhile. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items.slice()[Symbol.iterator]();
  }
}
