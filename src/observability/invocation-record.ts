import { dateNow } from '../builtins.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import { decodeDiagnostic, diagnostic, encodeDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation, InvocationMetadata, DeliveryStatus, Outcome } from '../invocation/invocation.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { HandlerReport } from '../protocol.ts';
import type { Writable } from '../writable.ts';
import { publishInvocation } from './channels.ts';
import type { PublishedInvocation, TracedOperation } from './channels.ts';
import { rounded } from './stats.ts';
import type { InvocationOutcome, InvocationReport, FailureCause, InvocationObserver } from './observer.ts';

/** Receives the events of an invocation record. */
export interface RecordListener {
  /** Whether the listener logs such an invocation. */
  logsInvocation(isPlainSuccess: boolean): boolean;
  /** The thread started to process the event after `waitMs`, and the handler has ended. */
  onRan(waitMs: number, report: HandlerReport): void;
  onMissedDeadline(): void;
  onAnswered(outcome: InvocationOutcome, delivery: DeliveryStatus, durationMs: number): void;
  /** Called once. The report is undefined if the listener does not log this invocation. */
  onEnd(record: InvocationRecord, report: InvocationReport | undefined): void;
}

/**
 * Collects the events of one invocation. The record ends when the answer is delivered and the invocation has released
 * its thread. A failed invocation counts as released, because its handler may never end.
 */
export class InvocationRecord implements InvocationObserver {
  readonly wantsUsage: boolean;
  readonly #metadata: InvocationMetadata;
  readonly #bytesIn: number;
  readonly #slot: number;
  readonly #inFlight: number;
  readonly #listener: RecordListener;
  readonly #operation: TracedOperation<PublishedInvocation> | undefined;
  readonly #arrivedMs = monotonicMs();
  #thread: number | undefined;
  #isFirst = false;
  #handlerReport: HandlerReport | undefined;
  #background: InvocationReport['background'];
  #backgroundMs = 0;
  #answer: Outcome | undefined;
  /** The size of a large body, whose memory is freed when it has been delivered. */
  #bodyBytes: number | undefined;
  #outcome: InvocationOutcome | undefined;
  #diagnostic: EncodedDiagnostic | undefined;
  #delivery: DeliveryStatus | undefined;
  #durationMs = 0;
  #overDeadlineMs = 0;
  #isNearDeadline = false;
  #released = false;
  #ended = false;

  constructor({ metadata, event }: Invocation, slot: number, inFlight: number, listener: RecordListener) {
    this.#metadata = metadata;
    this.#bytesIn = event.length;
    this.#slot = slot;
    this.#inFlight = inFlight;
    this.#listener = listener;
    this.#operation = publishInvocation(() => channelContext(metadata, slot, event.length));
    this.wantsUsage = listener.logsInvocation(true) || this.#operation !== undefined;
  }

  dispatched(thread: number, isFirst: boolean): void {
    this.#thread = thread;
    this.#isFirst = isFirst;
    if (this.#operation === undefined) return;
    this.#operation.context.thread = thread;
    this.#operation.publishEnd();
  }

  ran(report: HandlerReport, background: boolean): void {
    if (this.#ended) return;
    this.#handlerReport = report;
    if (background) this.#background = 'done';
    this.#listener.onRan(report.startedMs - this.#arrivedMs, report);
  }

  answered(outcome: Outcome): void {
    this.#answer = outcome;
    if (outcome.type === 'response') {
      this.#outcome = 'response';
      if (typeof outcome.body !== 'string') this.#bodyBytes = outcome.body.byteLength;
    }
    if (outcome.type === 'failure') this.#fail('error', outcome.diagnostic);
    this.#operation?.publishAsyncStart();
  }

  streamEnded(failure: EncodedDiagnostic | undefined): void {
    if (this.#outcome !== undefined) return;
    if (failure === undefined) this.#outcome = 'response';
    else this.#fail('error', failure);
  }

  backgroundFailed(): void {
    if (!this.#released) this.#background = 'error';
  }

  failed(cause: FailureCause, diagnostic: EncodedDiagnostic): void {
    if (this.#released) return;
    if (cause === 'deadline') this.#listener.onMissedDeadline();
    if (this.#outcome === undefined) this.#fail(cause, diagnostic);
    else this.#background = cause;
    this.#release();
  }

  settled(): void {
    this.#release();
  }

  delivered(delivery: DeliveryStatus): void {
    this.#delivery = delivery;
    // The stream has no outcome if the Runtime API stopped reading it before its end.
    if (this.#answer?.type === 'stream' && this.#outcome === undefined) this.#fail('error', TRUNCATED);
    this.#durationMs = monotonicMs() - this.#arrivedMs;
    const remainingMs = this.#metadata.deadlineMs - dateNow();
    this.#overDeadlineMs = Math.max(0, -remainingMs);
    this.#isNearDeadline = isNearDeadline(this.#durationMs, remainingMs);
    this.#listener.onAnswered(this.#outcome ?? 'shutdown', delivery, this.#durationMs);
    this.#endIfDone();
  }

  /** Ends the record when the runtime ends, even if it is incomplete. */
  close(): void {
    this.#released = true;
    if (this.#delivery === undefined) this.delivered('failed');
    else this.#endIfDone();
  }

  #fail(outcome: InvocationOutcome, diagnostic: EncodedDiagnostic): void {
    this.#outcome = outcome;
    this.#diagnostic = diagnostic;
    this.#operation?.publishAsyncStart();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#background !== undefined && this.#handlerReport !== undefined)
      this.#backgroundMs = monotonicMs() - this.#handlerReport.startedMs - this.#handlerReport.handlerMs;
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#released || this.#delivery === undefined || this.#ended) return;
    this.#ended = true;
    const isLogged = this.#listener.logsInvocation(this.#isPlainSuccess());
    const report = isLogged || this.#operation !== undefined ? this.#report() : undefined;
    this.#listener.onEnd(this, isLogged ? report : undefined);
    if (this.#operation === undefined || report === undefined) return;
    this.#operation.context.report = report;
    if (this.#diagnostic !== undefined) this.#operation.context.error = decodeDiagnostic(this.#diagnostic);
    this.#operation.publishAsyncEnd();
  }

  #isPlainSuccess(): boolean {
    const background = this.#background ?? 'done';
    const isDelivered = this.#outcome === 'response' && this.#delivery === 'delivered';
    return isDelivered && background === 'done' && !this.#isNearDeadline;
  }

  #report(): InvocationReport {
    const { requestId, tenantId, traceId } = this.#metadata;
    const handler = this.#handlerReport;
    // Assignments instead of spreads: this code runs for every invocation, and spreads would dominate its cost.
    const report: Writable<InvocationReport> = {
      requestId,
      outcome: this.#outcome ?? 'shutdown',
      durationMs: rounded(this.#durationMs),
      overDeadlineMs: this.#overDeadlineMs,
      slot: this.#slot,
      inFlight: this.#inFlight,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bodyBytes ?? answerBytes(this.#answer, this.#diagnostic),
    };
    if (this.#isNearDeadline) report.nearDeadline = true;
    if (this.#thread !== undefined) {
      report.thread = this.#thread;
      report.firstOnThread = this.#isFirst;
    }
    if (handler !== undefined) {
      report.dispatchMs = rounded(handler.startedMs - this.#arrivedMs);
      report.handlerMs = rounded(handler.handlerMs);
      if (handler.cpuMs !== undefined) report.cpuMs = rounded(handler.cpuMs);
      if (handler.heapUsedBytes !== undefined) report.heapUsedBytes = handler.heapUsedBytes;
    }
    if (tenantId !== undefined) report.tenantId = tenantId;
    if (traceId !== undefined) report.traceId = traceId;
    if (this.#diagnostic !== undefined) report.errorType = this.#diagnostic.errorType;
    if (this.#delivery !== undefined && this.#delivery !== 'delivered') report.delivery = this.#delivery;
    if (this.#background !== undefined) {
      report.background = this.#background;
      if (handler !== undefined) report.backgroundMs = rounded(this.#backgroundMs);
    }
    return report;
  }
}

/** Whether an invocation took more than 80 % of the time until its deadline. */
export function isNearDeadline(durationMs: number, remainingMs: number): boolean {
  return durationMs > (durationMs + remainingMs) * 0.8;
}

const TRUNCATED = encodeDiagnostic(
  diagnostic('Runtime.TruncatedResponse', 'The Runtime API did not read the response stream to its end.'),
);

function channelContext(metadata: InvocationMetadata, slot: number, bytesIn: number): PublishedInvocation {
  const { requestId, invokedFunctionArn: functionArn, traceId, tenantId, deadlineMs } = metadata;
  return { requestId, functionArn, traceId, tenantId, arrivedAtMs: dateNow(), deadlineMs, slot, bytesIn };
}

/** Without a response, the answer is the diagnostic. */
function answerBytes(answer: Outcome | undefined, diagnostic: EncodedDiagnostic | undefined): number {
  if (answer?.type === 'stream') return answer.body.passedOnBytes;
  if (answer?.type === 'response') return Buffer.byteLength(answer.body);
  return diagnostic === undefined ? 0 : Buffer.byteLength(diagnostic.body);
}
