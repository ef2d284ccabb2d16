import type { Invocation, DeliveryStatus, Outcome } from '../invocation/invocation.ts';

/** The Runtime API as one slot uses it. */
export interface RuntimeApiClient {
  /**
   * Resolves with true when the next poll may be sent: at once, or with backoff after a failed poll. Call it before reserving
   * capacity, so that a slot that waits does not block others. Resolves with false when polling was stopped.
   *
   * @throws ManagedRuntimeError `RUNTIME_API_UNREACHABLE` after about 15 minutes of failures, unless another slot reaches the
   *   Runtime API.
   */
  waitUntilMayPoll(): Promise<boolean>;

  /**
   * Polls for an event without a time limit. Answers a malformed event with an error and polls again. Resolves with undefined
   * when the poll failed or when polling was stopped before an event began to arrive.
   */
  next(): Promise<Invocation | undefined>;

  /**
   * Posts the outcome, with retries until the deadline; forwards a response stream as it is produced. Never rejects: failures
   * are logged and returned as the status.
   *
   * `next()` may be called before the answer has been delivered.
   */
  answer(invocation: Invocation, outcome: Outcome): Promise<DeliveryStatus>;

  /** Closes the connections. Answers that are still in progress fail. */
  close(): Promise<void>;
}
