import { clearTimeout, Promise, setTimeout } from '../builtins.ts';
import { msUntil } from '../invocation/time.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation, Outcome, SettledOutcome } from '../invocation/invocation.ts';
import { failure } from '../invocation/invocation.ts';
import type { FailureCause, InvocationObserver } from '../observability/observer.ts';
import type { StreamControl, StreamMessage } from '../protocol.ts';
import { StreamedResponse } from './streamed-response.ts';
import type { ThreadCapacity } from './thread-capacity.ts';
import type { InvocationHandle } from './worker-pool.ts';

/** What a stream hears whose invocation is no longer in the pool. */
export function givenUp(run: number): StreamControl {
  return { type: 'stream-closed', run, reason: 'The invocation has been given up.' };
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
    const close = (reason: string) => control({ type: 'stream-closed', run: this.id, reason });
    if (this.answered) return close('The invocation has been answered.');
    this.answered = true;
    this.#stream = new StreamedResponse({
      credit: (bytes, buffers) => control({ type: 'stream-credit', run: this.id, bytes, buffers }),
      close,
    });
    const outcome: Outcome = { type: 'stream', contentType, body: this.#stream };
    this.record.answered(outcome);
    this.#answer(outcome);
  }
}
