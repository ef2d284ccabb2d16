import type { Diagnostic } from '../invocation/diagnostic.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { PublishedInvocation } from '../observing/channels.ts';
import type { InvocationReport } from '../observing/invocation-report.ts';
import { now } from './clock.ts';
import { keepText, MOST_KEPT_BYTES } from './kept-text.ts';
import type { InvocationDetail, InvocationState, KeptText } from './messages.ts';

/** Remembers the last invocations: what callers brought and got, and what the runtime tells of the time between. */
export class InvocationLedger {
  readonly #kept = new Map<string, Entry>();
  readonly #changed = new Set<Entry>();
  readonly #onAnswered: (durationMs: number) => void;
  #count = 0;

  /** @param onAnswered hears how long each caller waited, in ms. */
  constructor(onAnswered: (durationMs: number) => void) {
    this.#onAnswered = onAnswered;
  }

  called(requestId: string, event: string | Uint8Array, result: Promise<InvokeResult>): void {
    this.#count += 1;
    const entry: Entry = {
      state: { requestId, order: this.#count, outcome: 'open', calledAt: now() },
      event: keepText(event),
      answer: undefined,
      report: undefined,
      lines: [],
      linesBytes: 0,
      linesLeftOut: 0,
    };
    this.#kept.delete(requestId);
    this.#kept.set(requestId, entry);
    this.#changed.add(entry);
    if (this.#kept.size > MOST_KEPT) this.#forgetOldest();
    result.then(
      (settled) => this.#answered(entry, settled),
      () => this.#update(entry, { outcome: 'unavailable', endedAt: now() }),
    );
  }

  arrived({ requestId, slot, deadlineMs }: PublishedInvocation): void {
    this.#updateKept(requestId, { slot, deadlineAt: deadlineMs, arrivedAt: now() });
  }

  dispatched({ requestId, thread }: PublishedInvocation): void {
    // It may be told to be over before it got to a thread.
    if (thread !== undefined) this.#updateKept(requestId, { thread, dispatchedAt: now() });
  }

  concluding({ requestId }: PublishedInvocation): void {
    this.#updateKept(requestId, { answeredAt: now() });
  }

  ended({ requestId, report, error }: PublishedInvocation): void {
    const entry = this.#kept.get(requestId);
    if (entry === undefined || report === undefined) return;
    entry.report = report;
    entry.answer ??= error === undefined ? undefined : keepText(JSON.stringify(error satisfies Diagnostic));
    this.#update(entry, {
      outcome: report.outcome,
      ...(report.errorType !== undefined && { errorType: report.errorType }),
      ...timesOf(entry.state, report),
    });
  }

  logged(requestId: string, line: string): void {
    const entry = this.#kept.get(requestId);
    if (entry === undefined) return;
    entry.linesBytes += Buffer.byteLength(line);
    if (entry.linesBytes > MOST_KEPT_BYTES) entry.linesLeftOut += 1;
    else entry.lines.push(line);
  }

  detail(requestId: string): InvocationDetail | undefined {
    const entry = this.#kept.get(requestId);
    if (entry === undefined) return undefined;
    const { state, event, answer, report, lines, linesLeftOut } = entry;
    return {
      state,
      event,
      ...(answer !== undefined && { answer }),
      ...(report !== undefined && { report: { ...report } }),
      lines,
      linesLeftOut,
    };
  }

  all(): InvocationState[] {
    return [...this.#kept.values()].map(({ state }) => state);
  }

  /** Those that have changed since the last time that this was called. */
  takeChanges(): InvocationState[] {
    const states = [...this.#changed].map(({ state }) => state);
    this.#changed.clear();
    return states;
  }

  #answered(entry: Entry, result: InvokeResult): void {
    this.#onAnswered(now() - entry.state.calledAt);
    entry.answer = answerOf(result);
    // The runtime knows better why, and will tell.
    if (entry.report === undefined) this.#update(entry, outcomeOf(entry, result));
  }

  #updateKept(requestId: string, changes: Partial<InvocationState>): void {
    const entry = this.#kept.get(requestId);
    if (entry !== undefined) this.#update(entry, changes);
  }

  #update(entry: Entry, changes: Partial<InvocationState>): void {
    entry.state = { ...entry.state, ...changes };
    if (this.#kept.get(entry.state.requestId) === entry) this.#changed.add(entry);
  }

  #forgetOldest(): void {
    for (const [requestId, entry] of this.#kept) {
      this.#kept.delete(requestId);
      this.#changed.delete(entry);
      return;
    }
  }
}

/** With at most 48 KiB each that makes 20 MB. */
const MOST_KEPT = 400;

interface Entry {
  state: InvocationState;
  readonly event: KeptText;
  answer: KeptText | undefined;
  report: InvocationReport | undefined;
  readonly lines: string[];
  linesBytes: number;
  linesLeftOut: number;
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

function answerOf(result: InvokeResult): KeptText {
  if (result.status === 'response') {
    const { text, cut } = keepText(result.body);
    return { text, bytes: result.totalBytes, cut: cut || result.body.length < result.totalBytes };
  }
  if ('body' in result) return keepText(result.body);
  const { errorType, errorMessage } = result;
  return keepText(JSON.stringify({ errorType, errorMessage }));
}

function outcomeOf({ state }: Entry, result: InvokeResult): Partial<InvocationState> {
  const over = state.arrivedAt === undefined ? { endedAt: now() } : {};
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
