import type { Config } from '../config/config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { diagnostic, encodeDiagnostic, summaryOf } from '../invocation/diagnostic.ts';
import type { OnDeadline } from '../config/options.ts';
import type { Log } from '../logging/log.ts';
import type { PendingInvocation } from './pending-invocation.ts';
import type { PoolThread } from './pool-thread.ts';

export interface DeadlineActions {
  /** Frees the capacity of an answered invocation. `thread` is undefined in single mode and for a queued invocation. */
  abandon(invocation: PendingInvocation, thread: PoolThread | undefined): void;
  fail(error: ManagedRuntimeError): void;
}

/**
 * Answers invocations whose handler or background work exceeds the deadline and the grace period, then applies
 * `onDeadline` to their threads.
 */
export class DeadlinePolicy {
  readonly #log: Log;
  readonly #afterDeadlineMs: number;
  readonly #policy: OnDeadline;
  readonly #actions: DeadlineActions;

  constructor(config: Config, log: Log, actions: DeadlineActions) {
    this.#log = log;
    this.#afterDeadlineMs = config.deadlineGraceMs - config.deadlineMarginMs;
    this.#policy = config.onDeadline;
    this.#actions = actions;
  }

  /** The thread itself aborts `context.signal`. This timer covers handlers that ignore the signal. */
  watch(invocation: PendingInvocation, threadOf: () => PoolThread | undefined): void {
    const { deadlineMs } = invocation.invocation.metadata;
    invocation.watch(deadlineMs + this.#afterDeadlineMs, () => this.#missed(invocation, threadOf()));
  }

  #missed(invocation: PendingInvocation, thread: PoolThread | undefined): void {
    const { requestId, tenantId } = invocation.invocation.metadata;
    this.#log.error(
      { requestId, tenantId, thread: thread?.id, policy: this.#policy, ...DEADLINE_SUMMARY },
      invocation.inBackground ? 'Background work missed the deadline' : 'An invocation missed its deadline',
    );
    invocation.fail('deadline', DEADLINE_DIAGNOSTIC);
    if (this.#policy === 'terminate') return this.#actions.abandon(invocation, thread);
    if (this.#policy === 'keep') return;
    const message = `The invocation ${requestId} missed its deadline, and onDeadline is 'exit'.`;
    this.#actions.fail(new ManagedRuntimeError('DEADLINE_EXCEEDED', message));
  }
}

const DEADLINE_DIAGNOSTIC = encodeDiagnostic(
  diagnostic(
    'Runtime.DeadlineExceeded',
    'The handler did not settle before the deadline. Listen to context.signal, or raise the function timeout.',
  ),
);

const DEADLINE_SUMMARY = summaryOf(DEADLINE_DIAGNOSTIC);
