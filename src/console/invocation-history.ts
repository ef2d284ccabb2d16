import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { PublishedInvocation } from '../observability/channels.ts';
import type { InvocationReport } from '../observability/observer.ts';
import { now } from './sampler.ts';
import type { InvocationDetail, InvocationState, RetainedText, Update } from './messages.ts';
import { RetainedInvocations, RetainedLines, retainText } from './retained.ts';
import type { RetainedInvocation } from './retained.ts';

/** Remembers invocations: what callers brought and got, and what the runtime tells of the time between. */
export class InvocationHistory {
  readonly #kept = new RetainedInvocations();
  /** By request id, also where the invocation itself is not kept. */
  readonly #waiting = new Set<string>();
  readonly #inFlight = new Set<string>();
  readonly #onAnswered: (durationMs: number) => void;
  #count = 0;

  /** @param onAnswered hears how long each caller waited, in ms. */
  constructor(onAnswered: (durationMs: number) => void) {
    this.#onAnswered = onAnswered;
  }

  called(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void {
    this.#count += 1;
    this.#waiting.add(requestId);
    const invocation: RetainedInvocation = {
      state: { requestId, order: this.#count, outcome: 'open', calledAt: now() },
      event: retainText(event),
      answer: undefined,
      report: undefined,
      lines: new RetainedLines(),
    };
    this.#kept.add(invocation);
    result.then(
      (settled) => this.#answered(invocation, settled),
      () => {
        this.#waiting.delete(requestId);
        this.#kept.update(invocation, { outcome: 'unavailable', endedAt: now() });
      },
    );
  }

  arrived({ requestId, slot, deadlineMs }: PublishedInvocation): void {
    this.#waiting.delete(requestId);
    this.#inFlight.add(requestId);
    this.#update(requestId, { slot, deadlineAt: deadlineMs, arrivedAt: now() });
  }

  dispatched({ requestId, thread }: PublishedInvocation): void {
    // It may be told to be over before it got to a thread.
    if (thread !== undefined) this.#update(requestId, { thread, dispatchedAt: now() });
  }

  concluding({ requestId }: PublishedInvocation): void {
    this.#update(requestId, { answeredAt: now() });
  }

  ended({ requestId, report, error }: PublishedInvocation): void {
    this.#inFlight.delete(requestId);
    const invocation = this.#kept.get(requestId);
    if (invocation === undefined || report === undefined) return;
    invocation.report = report;
    invocation.answer ??=
      error === undefined ? undefined : retainText(JSON.stringify(error satisfies Diagnostic));
    this.#kept.update(invocation, {
      outcome: report.outcome,
      ...(report.errorType !== undefined && { errorType: report.errorType }),
      ...timesOf(invocation.state, report),
    });
  }

  logged(requestId: string, line: string): void {
    const invocation = this.#kept.get(requestId);
    if (invocation === undefined) return;
    invocation.lines.add(line);
    // Who looks at its detail hears that there is more.
    this.#kept.update(invocation, {});
  }

  detail(requestId: string): InvocationDetail | undefined {
    const invocation = this.#kept.get(requestId);
    if (invocation === undefined) return undefined;
    const { state, event, answer, report, lines } = invocation;
    return {
      state,
      event,
      ...(answer !== undefined && { answer }),
      ...(report !== undefined && { report: { ...report } }),
      lines: lines.lines,
      linesLeftOut: lines.leftOut,
    };
  }

  all(): InvocationState[] {
    return this.#kept.all();
  }

  /** What has changed since the last time that this was called. */
  takeChanges(): Pick<Update, 'invocations' | 'forgotten'> {
    return this.#kept.takeChanges();
  }

  counts(): { readonly waiting: number; readonly inFlight: number } {
    return { waiting: this.#waiting.size, inFlight: this.#inFlight.size };
  }

  #answered(invocation: RetainedInvocation, result: InvokeResult): void {
    const { state } = invocation;
    this.#waiting.delete(state.requestId);
    this.#onAnswered(now() - state.calledAt);
    invocation.answer = retainedAnswer(result);
    // The runtime knows better why, and will tell.
    if (invocation.report === undefined) this.#kept.update(invocation, outcomeOf(state, result));
  }

  #update(requestId: string, changes: Partial<InvocationState>): void {
    const invocation = this.#kept.get(requestId);
    if (invocation !== undefined) this.#kept.update(invocation, changes);
  }
}

/** What the thread has measured is true; what is told arrives later, where the main thread has much to do. */
function timesOf(
  { arrivedAt, answeredAt = now() }: InvocationState,
  report: InvocationReport,
): Partial<InvocationState> {
  const { dispatchMs, handlerMs, backgroundMs = 0 } = report;
  if (arrivedAt === undefined || dispatchMs === undefined) return { answeredAt, endedAt: answeredAt };
  const startedAt = arrivedAt + dispatchMs;
  const handledAt = handlerMs === undefined ? answeredAt : startedAt + handlerMs;
  return { startedAt, answeredAt: handledAt, endedAt: handledAt + backgroundMs };
}

/** The beginning of what the caller got. */
function retainedAnswer(result: InvokeResult): RetainedText {
  if (result.status === 'response') {
    const { text, cut } = retainText(result.body);
    return { text, bytes: result.totalBytes, cut: cut || result.body.length < result.totalBytes };
  }
  if ('body' in result) return retainText(result.body);
  const { errorType, errorMessage } = result;
  return retainText(JSON.stringify({ errorType, errorMessage }));
}

/** How it went as the caller knows it; it is over where no slot had it. */
function outcomeOf({ arrivedAt }: InvocationState, result: InvokeResult): Partial<InvocationState> {
  const over = arrivedAt === undefined ? { endedAt: now() } : {};
  switch (result.status) {
    case 'response':
      return { outcome: 'response', ...over };
    case 'error':
      return { outcome: 'error', errorType: result.errorType, ...over };
    case 'timeout':
      return { outcome: 'deadline', errorType: result.errorType, ...over };
    case 'unavailable':
      return { outcome: 'unavailable', errorType: result.errorType, ...over };
  }
}
