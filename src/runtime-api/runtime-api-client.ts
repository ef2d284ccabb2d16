import type { Invocation, DeliveryStatus, Outcome } from '../invocation/invocation.ts';

/** One slot's way to the Runtime API. */
export interface RuntimeApiClient {
  /**
   * Resolves with true when the next poll may be tried: at once, and after a failed one with backoff. Nothing that another
   * slot could use need be held meanwhile. Resolves with false when polling was stopped.
   *
   * @throws ManagedRuntimeError `RUNTIME_API_UNREACHABLE` after about 15 minutes of failures, unless another slot reaches it.
   */
  mayPoll(): Promise<boolean>;

  /**
   * Waits for an event, for hours if need be. An event that arrives damaged is answered with an error and another one is
   * waited for. Resolves with undefined when the poll has failed, or polling was stopped before an event had begun to arrive.
   */
  next(): Promise<Invocation | undefined>;

  /**
   * Posts the outcome and retries until the deadline; passes a streamed one on as it comes. Never rejects: what could
   * not be delivered is logged. Resolves with what became of it.
   *
   * The next `next()` need not wait for it.
   */
  answer(invocation: Invocation, outcome: Outcome): Promise<DeliveryStatus>;

  /** Drops the connections. Call it when nothing is in flight. */
  close(): Promise<void>;
}
