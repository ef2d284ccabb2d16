import { Readable } from 'node:stream';
import { Promise, clearTimeout, setTimeout } from '../builtins.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { failureOutcome } from '../invocation/invocation.ts';
import type { Invocation, Outcome, CompleteOutcome, StreamedBody } from '../invocation/invocation.ts';
import { msUntil } from '../invocation/time.ts';
import type { FailureCause, InvocationObserver } from '../observability/observer.ts';
import { STREAM_WINDOW_BYTES } from '../protocol.ts';
import type { StreamControl, StreamMessage } from '../protocol.ts';
import type { ThreadCapacity } from './thread-capacity.ts';
import type { InvocationHandle } from './worker-pool.ts';

/** Tells a handler's stream that its invocation is no longer in the pool. */
export function abandonedStream(invocationId: number): StreamControl {
  return { type: 'stream-closed', invocationId, reason: 'The runtime no longer waits for this invocation.' };
}

/** An invocation in the pool. It is answered once, by the first outcome or failure, and settles once. */
export class PendingInvocation implements InvocationHandle {
  readonly id: number;
  readonly invocation: Invocation;
  readonly record: InvocationObserver;
  readonly outcome: Promise<Outcome>;
  readonly settled: Promise<void>;
  answered = false;
  /**
   * The handler has written its whole response, of which parts may be in transit, but the handler or a promise given to
   * `waitUntil` has not settled.
   */
  inBackground = false;
  /** When the runtime answers for the handler, epoch ms; set by the deadline policy. */
  answerAtMs = 0;
  /** When the runtime begins to find out what the handler is doing, epoch ms. */
  inquiryAtMs = 0;
  readonly #answer: (outcome: Outcome) => void;
  readonly #settle: () => void;
  #stream: StreamedResponse | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(id: number, invocation: Invocation, record: InvocationObserver) {
    this.id = id;
    this.invocation = invocation;
    this.record = record;
    const outcome = Promise.withResolvers<Outcome>();
    const settled = Promise.withResolvers<void>();
    this.outcome = outcome.promise;
    this.settled = settled.promise;
    this.#answer = outcome.resolve;
    this.#settle = settled.resolve;
  }

  get requestId(): string {
    return this.invocation.metadata.requestId;
  }

  /** Calls `onMissed` unless the invocation is answered in full or settles before the instant (epoch ms). */
  watch(instantMs: number, onMissed: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(onMissed, msUntil(instantMs));
  }

  /** Answers with the handler's result or error. */
  answer(outcome: CompleteOutcome): void {
    if (this.answered) return;
    this.record.answered(outcome);
    this.#complete(outcome);
  }

  /**
   * Answers with an error instead of the handler's result, or ends a response stream that has begun. Returns false if the
   * answer was already complete.
   */
  fail(cause: FailureCause, diagnostic: EncodedDiagnostic): boolean {
    this.record.failed(cause, diagnostic);
    if (this.#stream === undefined) return this.#complete(failureOutcome(diagnostic));
    clearTimeout(this.#deadline);
    return this.#stream.fail(diagnostic);
  }

  /** Handles a message from a streaming handler. */
  receive(message: StreamMessage, control: (message: StreamControl) => void): void {
    switch (message.type) {
      case 'stream-opened':
        return this.#open(message.contentType, control);
      case 'stream-chunk':
        return this.#stream?.receive(message.bytes);
      case 'stream-ended':
        this.inBackground = true;
        this.record.streamEnded(message.failure);
        return this.#stream?.finish(message.failure);
    }
  }

  /** Settles the invocation and returns its capacity (if given); a streamed one when its stream has closed. */
  settle(capacity: ThreadCapacity | undefined): void {
    clearTimeout(this.#deadline);
    if (this.#stream?.closed === false) {
      this.#stream.once('close', () => this.settle(capacity));
      return;
    }
    this.record.settled();
    this.#settle();
    capacity?.release();
  }

  #complete(outcome: CompleteOutcome): boolean {
    if (this.answered) return false;
    this.answered = true;
    clearTimeout(this.#deadline);
    this.#answer(outcome);
    return true;
  }

  /** Keeps the deadline timer running, because only the end of the stream answers the invocation in full. */
  #open(contentType: string, control: (message: StreamControl) => void): void {
    const close = (reason: string) => control({ type: 'stream-closed', invocationId: this.id, reason });
    if (this.answered) return close('The invocation has been answered.');
    this.answered = true;
    this.#stream = new StreamedResponse({
      credit: (bytes, buffers) => control({ type: 'stream-credit', invocationId: this.id, bytes, buffers }),
      close,
    });
    const outcome: Outcome = { type: 'stream', contentType, body: this.#stream };
    this.record.answered(outcome);
    this.#answer(outcome);
  }
}

/** The handler's side of a stream. */
interface StreamProducer {
  /** Allows the handler to send as many bytes as have been passed on, and returns their buffers. */
  credit(bytes: number, buffers: readonly ArrayBuffer[]): void;
  /** Tells the handler that no more bytes are accepted. */
  close(reason: string): void;
}

/** The bytes of a streamed response in transit through the main thread. Credit limits them to the stream window. */
class StreamedResponse extends Readable implements StreamedBody {
  failure: EncodedDiagnostic | undefined;
  passedOnBytes = 0;
  readonly #producer: StreamProducer;
  #finished = false;
  #uncreditedBytes = 0;
  #emptyBuffers: ArrayBuffer[] = [];

  constructor(producer: StreamProducer) {
    // The handler pushes bytes as far as its credit allows.
    super({ read: () => undefined });
    this.#producer = producer;
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#finished && !this.destroyed) this.push(bytes);
  }

  passedOn(chunk: Uint8Array<ArrayBuffer>): void {
    this.passedOnBytes += chunk.byteLength;
    this.#uncreditedBytes += chunk.byteLength;
    this.#emptyBuffers.push(chunk.buffer);
    if (this.#uncreditedBytes < MIN_CREDIT_BYTES) return;
    this.#producer.credit(this.#uncreditedBytes, this.#emptyBuffers);
    this.#uncreditedBytes = 0;
    this.#emptyBuffers = [];
  }

  /** Ends the stream after the bytes that the handler has already written. */
  finish(failure: EncodedDiagnostic | undefined): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    this.failure = failure;
    this.push(null);
  }

  /** Ends the stream with an error and tells the handler. Returns false if the stream had already ended. */
  fail(failure: EncodedDiagnostic): boolean {
    if (this.#finished || this.destroyed) return false;
    this.finish(failure);
    this.#producer.close(`The invocation has failed with ${failure.errorType}.`);
    return true;
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.#finished) this.#producer.close(error?.message ?? 'The response was abandoned.');
    callback(error);
  }
}

/** Batches credit, because a message for each chunk would cost as much as the chunk. */
const MIN_CREDIT_BYTES = STREAM_WINDOW_BYTES / 2;
