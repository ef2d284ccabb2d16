import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { PublishedInvocation } from '../observability/channels.ts';
import type { InvocationReport } from '../observability/observer.ts';
import { now } from './sampler.ts';
import type { CallerAnswer, InvocationDetail, InvocationState, RetainedText, Update } from './messages.ts';
import { RetainedInvocations, RetainedLines, RetainedStream, retainText } from './retained.ts';
import type { RetainedInvocation } from './retained.ts';

/** Retains invocations: the event and the answer from the local server, and the steps between from the tracing channels. */
export class InvocationHistory {
  readonly #retained = new RetainedInvocations();
  /** Request ids, including those of invocations that are not retained. */
  readonly #waiting = new Set<string>();
  readonly #inFlight = new Set<string>();
  readonly #onAnswered: (durationMs: number) => void;
  #count = 0;

  /** @param onAnswered receives the time that each caller waited, in ms. */
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
      caller: undefined,
      errorMessage: undefined,
      stream: new RetainedStream(),
      report: undefined,
      lines: new RetainedLines(),
    };
    this.#retained.add(invocation);
    result.then(
      (settled) => this.#answered(invocation, settled),
      () => {
        this.#waiting.delete(requestId);
        this.#retained.update(invocation, { outcome: 'unavailable', endedAt: now() });
      },
    );
  }

  arrived({ requestId, slot, deadlineMs }: PublishedInvocation): void {
    this.#waiting.delete(requestId);
    this.#inFlight.add(requestId);
    this.#update(requestId, { slot, deadlineAt: deadlineMs, arrivedAt: now() });
  }

  dispatched({ requestId, thread }: PublishedInvocation): void {
    // An invocation that ended before its dispatch publishes this event without a thread.
    if (thread !== undefined) this.#update(requestId, { thread, dispatchedAt: now() });
  }

  streamed(requestId: string, bytes: number): void {
    const invocation = this.#retained.get(requestId);
    if (invocation === undefined) return;
    invocation.stream.add(now(), bytes);
    // Notifies pages that show the invocation's details.
    this.#retained.update(invocation, {});
  }

  concluding({ requestId }: PublishedInvocation): void {
    this.#update(requestId, { answeredAt: now() });
  }

  ended({ requestId, report, error }: PublishedInvocation): void {
    this.#inFlight.delete(requestId);
    const invocation = this.#retained.get(requestId);
    if (invocation === undefined || report === undefined) return;
    invocation.report = report;
    // More specific than what a caller got at its deadline.
    if (error !== undefined) invocation.errorMessage = retainText(error.errorMessage).text;
    invocation.answer ??=
      error === undefined ? undefined : retainText(JSON.stringify(error satisfies Diagnostic));
    this.#retained.update(invocation, {
      outcome: report.outcome,
      ...(report.errorType !== undefined && { errorType: report.errorType }),
      ...timesOf(invocation.state, report),
    });
  }

  logged(requestId: string, line: string): void {
    const invocation = this.#retained.get(requestId);
    if (invocation === undefined) return;
    invocation.lines.add(line);
    // Notifies pages that show the invocation's details.
    this.#retained.update(invocation, {});
  }

  detail(requestId: string): InvocationDetail | undefined {
    const invocation = this.#retained.get(requestId);
    if (invocation === undefined) return undefined;
    const { state, event, answer, caller, errorMessage, stream, report, lines } = invocation;
    return {
      state,
      event,
      ...(answer !== undefined && { answer }),
      ...(caller !== undefined && { caller }),
      ...(errorMessage !== undefined && { errorMessage }),
      ...(stream.points.length > 0 && { stream: stream.points }),
      ...(report !== undefined && { report: { ...report } }),
      lines: lines.lines,
      linesLeftOut: lines.leftOut,
    };
  }

  all(): InvocationState[] {
    return this.#retained.all();
  }

  /** Returns what has changed since the previous call. */
  takeChanges(): Pick<Update, 'invocations' | 'forgotten'> {
    return this.#retained.takeChanges();
  }

  counts(): { readonly waiting: number; readonly inFlight: number } {
    return { waiting: this.#waiting.size, inFlight: this.#inFlight.size };
  }

  #answered(invocation: RetainedInvocation, result: InvokeResult): void {
    const { state } = invocation;
    this.#waiting.delete(state.requestId);
    this.#onAnswered(now() - state.calledAt);
    invocation.answer = retainedAnswer(result);
    invocation.caller = callerAnswer(result);
    invocation.errorMessage ??= errorMessageOf(result);
    // The runtime's own report is more specific.
    this.#retained.update(invocation, invocation.report === undefined ? outcomeOf(state, result) : {});
  }

  #update(requestId: string, changes: Partial<InvocationState>): void {
    const invocation = this.#retained.get(requestId);
    if (invocation !== undefined) this.#retained.update(invocation, changes);
  }
}

/** Prefers the times that the thread measured, because messages arrive late when the main thread is busy. */
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

/** The type as the handler's code knows it, if it was thrown there. */
function callerAnswer(result: InvokeResult): CallerAnswer {
  if (result.status === 'response') return { at: now() };
  const errorType = 'error' in result ? (result.error?.errorType ?? result.errorType) : result.errorType;
  return { at: now(), errorType };
}

function errorMessageOf(result: InvokeResult): string | undefined {
  if (result.status === 'response') return undefined;
  const message = result.status === 'error' ? result.error?.errorMessage : result.errorMessage;
  return message === undefined ? undefined : retainText(message).text;
}

/** Retains the beginning of the answer that the caller got. */
function retainedAnswer(result: InvokeResult): RetainedText {
  if (result.status === 'response') {
    const { text, cut } = retainText(result.body);
    return { text, bytes: result.totalBytes, cut: cut || result.body.length < result.totalBytes };
  }
  if ('body' in result) return retainText(result.body);
  const { errorType, errorMessage } = result;
  return retainText(JSON.stringify({ errorType, errorMessage }));
}

/** Returns the outcome from the caller's point of view. An invocation without a slot ends with it. */
function outcomeOf({ arrivedAt }: InvocationState, result: InvokeResult): Partial<InvocationState> {
  const end = arrivedAt === undefined ? { endedAt: now() } : {};
  switch (result.status) {
    case 'response':
      return { outcome: 'response', ...end };
    case 'error':
      return { outcome: 'error', errorType: result.errorType, ...end };
    case 'timeout':
      return { outcome: 'deadline', errorType: result.errorType, ...end };
    case 'unavailable':
      return { outcome: 'unavailable', errorType: result.errorType, ...end };
  }
}
