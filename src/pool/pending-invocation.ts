import { Readable } from 'node:stream';
import { Promise, clearTimeout, setTimeout } from '../builtins.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { failure } from '../invocation/invocation.ts';
import type { Invocation, Outcome, SettledOutcome, StreamedBody } from '../invocation/invocation.ts';
import { msUntil } from '../invocation/time.ts';
import type { FailureCause, InvocationObserver } from '../observability/observer.ts';
import { STREAM_WINDOW_BYTES } from '../protocol.ts';
import type { StreamControl, StreamMessage } from '../protocol.ts';
import type { ThreadCapacity } from './pool-sizing.ts';
import type { InvocationHandle } from './worker-pool.ts';

/** What a stream hears whose invocation is no longer in the pool. */
export function givenUp(invocationId: number): StreamControl {
  return { type: 'stream-closed', invocationId, reason: 'The invocation has been given up.' };
}

/** An invocation in the pool: it is answered once, by whatever comes first, and settles once. */
export class PendingInvocation implements InvocationHandle {
  readonly id: number;
  readonly invocation: Invocation;
  readonly record: InvocationObserver;
  readonly outcome: Promise<Outcome>;
  readonly settled: Promise<void>;
  answered = false;
  /** Its response is complete, but its handler, or what that gave to `waitUntil`, has not settled. */
  inBackground = false;
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

  /** Calls back if it has neither been answered in full nor settled between now and that instant (epoch ms). */
  watch(instantMs: number, onMissed: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(onMissed, msUntil(instantMs));
  }

  /** With what the handler has ended with. */
  answer(outcome: SettledOutcome): void {
    if (this.answered) return;
    this.record.answered(outcome);
    this.#complete(outcome);
  }

  /**
   * Answers in the handler's place, or ends the stream that the answer has begun with. False if the answer was complete
   * before.
   */
  fail(cause: FailureCause, diagnostic: EncodedDiagnostic): boolean {
    this.record.failed(cause, diagnostic);
    if (this.#stream === undefined) return this.#complete(failure(diagnostic));
    clearTimeout(this.#deadline);
    return this.#stream.fail(diagnostic);
  }

  /** Takes what a streaming handler sends. */
  receive(message: StreamMessage, control: (message: StreamControl) => void): void {
    switch (message.type) {
      case 'stream-opened':
        return this.#open(message.contentType, control);
      case 'stream-chunk':
        return this.#stream?.receive(message.bytes);
      case 'stream-ended':
        this.inBackground = true;
        this.record.streamEnded(message.failure);
        return this.#stream?.conclude(message.failure);
    }
  }

  /** Gives its capacity back, if it has any, when no part of a streamed answer is on its way any more. */
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

  #complete(outcome: SettledOutcome): boolean {
    if (this.answered) return false;
    this.answered = true;
    clearTimeout(this.#deadline);
    this.#answer(outcome);
    return true;
  }

  /** The deadline stays watched: only the end of the stream answers the invocation in full. */
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
  /** So many bytes more have been passed on; with the buffers in which they came. */
  credit(bytes: number, buffers: readonly ArrayBuffer[]): void;
  /** Nothing more is taken. */
  close(reason: string): void;
}

/** The bytes of a streamed response on their way through the main thread: never more than the window. */
class StreamedResponse extends Readable implements StreamedBody {
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
