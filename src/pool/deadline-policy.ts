import type { Config } from '../config.ts';
import { ManagedRuntimeError } from '../errors.ts';
import { diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { OnDeadline } from '../settings.ts';
import type { Log } from '../logging/log.ts';
import type { PendingRun } from './pending-run.ts';
import type { PoolThread } from './pool-thread.ts';

/** What a policy needs to know of its pool. */
export interface DeadlineSurroundings {
  /** Do several invocations share a thread? */
  readonly shared: boolean;
  /** Gives the room back that an answered run still holds, whatever it still does; no thread has it in single mode, or if it still waits. */
  abandon(run: PendingRun, thread: PoolThread | undefined): void;
  fail(error: ManagedRuntimeError): void;
}

/**
 * Answers the invocations that outlive their deadline and the grace, with their handler or with background work, and
 * does with their threads what was asked for.
 */
export class DeadlinePolicy {
  readonly #log: Log;
  readonly #afterDeadlineMs: number;
  readonly #policy: OnDeadline;
  readonly #around: DeadlineSurroundings;

  constructor(config: Config, log: Log, around: DeadlineSurroundings) {
    this.#log = log;
    this.#afterDeadlineMs = config.deadlineGraceMs - config.deadlineMarginMs;
    this.#policy = config.onDeadline;
    this.#around = around;
  }

  /** `context.signal` aborts in the thread by itself; this is for handlers that do not listen. */
  watch(run: PendingRun, threadOf: () => PoolThread | undefined): void {
    const { deadlineMs } = run.invocation.metadata;
    run.watch(deadlineMs + this.#afterDeadlineMs, () => this.#missed(run, threadOf()));
  }

  #missed(run: PendingRun, thread: PoolThread | undefined): void {
    const { requestId } = run;
    this.#log.error(
      { requestId, thread: thread?.id, policy: this.#policy },
      run.inBackground ? 'Background work missed the deadline' : 'An invocation missed its deadline',
    );
    run.fail('deadline', DEADLINE_DIAGNOSTIC);
    if (this.#policy === 'exit') {
      const message = `The invocation ${requestId} missed its deadline, and onDeadline is 'exit'.`;
      this.#around.fail(new ManagedRuntimeError('DEADLINE_EXCEEDED', message));
    } else if (this.#policy === 'terminate') {
      if (thread === undefined) this.#around.abandon(run, thread);
      else void this.#take(run, thread);
    }
  }

  async #take(run: PendingRun, thread: PoolThread): Promise<void> {
    if (this.#around.shared && (await thread.responds(PING_TIMEOUT_MS))) {
      this.#around.abandon(run, thread);
      return;
    }
    await thread.terminate({ cause: 'deadline', requestId: run.requestId });
  }
}

/** An event loop that does not turn for that long is blocked, and not just busy with a neighbour that computes. */
const PING_TIMEOUT_MS = 1_000;

const DEADLINE_DIAGNOSTIC = encodeDiagnostic(
  diagnostic(
    'Runtime.DeadlineExceeded',
    'The handler did not settle before the deadline. Listen to context.signal, or raise the function timeout.',
  ),
);
