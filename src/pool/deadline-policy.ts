import { dateNow, setImmediate } from '../builtins.ts';
import type { Config } from '../config/config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { answerAtMs, signalAtMs } from '../invocation/deadline.ts';
import { encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { Log } from '../logging/log.ts';
import { inquiryAtMs } from './deadline-inquiry.ts';
import type { Activity, Inquiry } from './deadline-inquiry.ts';
import { deadlineError, deadlineFields, lateFields } from './deadline-report.ts';
import type { PendingInvocation } from './pending-invocation.ts';
import type { PoolThread } from './pool-thread.ts';

export interface DeadlineActions {
  /** Undefined in single mode and for a queued invocation. */
  threadOf(invocation: PendingInvocation): PoolThread | undefined;
  /** Begins to find out what the invocation's thread is doing. Undefined for a queued invocation. */
  inquire(invocation: PendingInvocation): Inquiry | undefined;
  /** Frees the capacity of an answered invocation. */
  abandon(invocation: PendingInvocation, activity: Activity | undefined): void;
  fail(error: ManagedRuntimeError): void;
}

/**
 * Answers invocations whose handler or background work has not settled shortly before the deadline, or after the configured
 * grace period. Then applies `onDeadline` to their threads.
 */
export class DeadlinePolicy {
  readonly #log: Log;
  readonly #config: Config;
  readonly #actions: DeadlineActions;

  constructor(config: Config, log: Log, actions: DeadlineActions) {
    this.#log = log;
    this.#config = config;
    this.#actions = actions;
  }

  /** Must be called when the invocation arrives. */
  watch(invocation: PendingInvocation): void {
    const nowMs = dateNow();
    const { deadlineMs } = invocation.invocation.metadata;
    invocation.answerAtMs = answerAtMs(deadlineMs, nowMs, this.#config);
    invocation.inquiryAtMs = inquiryAtMs(signalAtMs(deadlineMs, nowMs, this.#config), invocation.answerAtMs);
    this.#startTimer(invocation);
  }

  /** Must be called when the invocation's background work begins, because the answer has ended the timer. */
  watchBackground(invocation: PendingInvocation): void {
    this.#startTimer(invocation);
  }

  /** The thread itself aborts `context.signal`; this timer covers handlers that ignore the signal. */
  #startTimer(invocation: PendingInvocation): void {
    invocation.watch(invocation.inquiryAtMs, () => this.#inquire(invocation));
  }

  #inquire(invocation: PendingInvocation): void {
    const inquiry = this.#actions.inquire(invocation);
    invocation.watch(invocation.answerAtMs, () => this.#missed(invocation, inquiry));
  }

  #missed(invocation: PendingInvocation, inquiry: Inquiry | undefined): void {
    const { requestId, tenantId } = invocation.invocation.metadata;
    const { inBackground } = invocation;
    const { onDeadline } = this.#config;
    const thread = this.#actions.threadOf(invocation);
    const activity = inquiry?.activity;
    const isShared = thread !== undefined && thread.invocations.size > 1;
    const error = deadlineError(activity, inBackground, isShared);
    const ids = { requestId, tenantId, thread: thread?.id };
    this.#log.error(
      { ...ids, policy: onDeadline, ...deadlineFields(error, activity) },
      inBackground ? 'Background work missed the deadline' : 'An invocation missed its deadline',
    );
    void inquiry?.completed.then((latest) => {
      if (latest === undefined || latest === activity) return;
      const fields = lateFields(latest, activity);
      if (fields !== undefined)
        this.#log.warn({ ...ids, ...fields }, 'What the thread was doing at the missed deadline');
    });
    invocation.fail('deadline', encodeDiagnostic(error));
    if (onDeadline === 'keep') return;
    if (onDeadline === 'terminate') {
      const abandon = () => this.#actions.abandon(invocation, activity);
      if (thread === undefined) return abandon();
      // The answers of deadlines that pass together go out before the start of other threads occupies the main thread.
      setImmediate(abandon);
      return;
    }
    const message = `The invocation ${requestId} missed its deadline, and onDeadline is 'exit'.`;
    this.#actions.fail(new ManagedRuntimeError('DEADLINE_EXCEEDED', message));
  }
}
