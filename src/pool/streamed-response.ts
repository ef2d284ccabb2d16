import { Readable } from 'node:stream';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { StreamedBody } from '../invocation/invocation.ts';
import { STREAM_WINDOW_BYTES } from '../protocol.ts';

/** The handler's side of a stream. */
export interface StreamProducer {
  /** So many bytes more have been passed on; with the buffers in which they came. */
  credit(bytes: number, buffers: readonly ArrayBuffer[]): void;
  /** Nothing more is taken. */
  close(reason: string): void;
}

/** The bytes of a streamed response on their way through the main thread: never more than the window. */
export class StreamedResponse extends Readable implements StreamedBody {
  failure: EncodedDiagnostic | undefined;
  passedOnBytes = 0;
  readonly #producer: StreamProducer;
  #concluded = false;
  #uncredited = 0;
  #emptied: ArrayBuffer[] = [];

  constructor(producer: StreamProducer) {
    // They are pushed; it is credit that says how many.
    super({ read: () => undefined });
    this.#producer = producer;
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#concluded && !this.destroyed) this.push(bytes);
  }

  passedOn(chunk: Uint8Array<ArrayBuffer>): void {
    this.passedOnBytes += chunk.byteLength;
    this.#uncredited += chunk.byteLength;
    this.#emptied.push(chunk.buffer);
    if (this.#uncredited < SMALLEST_CREDIT_BYTES) return;
    this.#producer.credit(this.#uncredited, this.#emptied);
    this.#uncredited = 0;
    this.#emptied = [];
  }

  /** The handler's stream has ended. What it wrote before is still passed on. */
  conclude(failure: EncodedDiagnostic | undefined): void {
    if (this.#concluded || this.destroyed) return;
    this.#concluded = true;
    this.failure = failure;
    this.push(null);
  }

  /** Ends it in the handler's place; false if it had ended before. */
  fail(failure: EncodedDiagnostic): boolean {
    if (this.#concluded || this.destroyed) return false;
    this.conclude(failure);
    this.#producer.close(`The invocation has failed with ${failure.errorType}.`);
    return true;
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#concluded) this.#producer.close(error?.message ?? 'The response was given up.');
    callback(error);
  }
}

/** A message for each chunk would cost as much as the chunk. */
const SMALLEST_CREDIT_BYTES = STREAM_WINDOW_BYTES / 4;
