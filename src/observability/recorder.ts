import type { Config } from '../config/config.ts';
import { InFlight } from '../invocation/invocation.ts';
import { decodeDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation, DeliveryStatus } from '../invocation/invocation.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Log } from '../logging/log.ts';
import { publishRequest, publishThread } from './channels.ts';
import type { RuntimeMetrics } from './runtime-metrics.ts';
import { InvocationRecord } from './invocation-record.ts';
import type { RecordListener } from './invocation-record.ts';
import type {
  InvocationOutcome,
  InvocationReport,
  Observer,
  RequestObserver,
  RequestsObserver,
  SlotObserver,
  ThreadEndCause,
  ThreadObserver,
  ThreadsObserver,
} from './observer.ts';
import type { ThreadMetrics } from './thread-metrics.ts';

/** Hears of all that happens, and passes it on: to the figures, the channels, and the line of each invocation. */
export class Recorder implements Observer, RecordListener {
  readonly reports: boolean;
  readonly threads: ThreadsObserver = { starts: (id) => this.#threadStarts(id) };
  readonly requests: RequestsObserver = {
    sends,
    retries: (what) => {
      this.#metrics.runtimeApi[what === 'poll' ? 'pollRetries' : 'answerRetries'] += 1;
    },
    malformedEvent: () => {
      this.#metrics.runtimeApi.malformedEvents += 1;
    },
  };
  readonly #log: Log;
  readonly #metrics: RuntimeMetrics;
  readonly #open = new InFlight<InvocationRecord>();

  constructor({ logInvocations }: Config, log: Log, metrics: RuntimeMetrics) {
    this.reports = logInvocations;
    this.#log = log;
    this.#metrics = metrics;
  }

  slot(index: number): SlotObserver {
    const { slots } = this.#metrics;
    return {
      waits: () => slots.becomes(index, 'waiting'),
      polls: () => slots.becomes(index, 'polling'),
      receives: (invocation) => {
        slots.becomes(index, 'busy');
        return this.#arrived(invocation, index);
      },
      stops: () => slots.becomes(index, 'stopped'),
    };
  }

  /** Where to ask for the threads when figures are wanted. */
  askForThreads(threads: () => readonly ThreadMetrics[]): void {
    this.#metrics.threads = threads;
  }

  /** The runtime ends: what is still open is told with what is known of it. */
  close(): void {
    for (const record of this.#open) record.close();
  }

  onDispatch(waitMs: number): void {
    this.#metrics.dispatch.record(waitMs);
  }

  onMissedDeadline(): void {
    this.#metrics.missedDeadlines += 1;
  }

  onAnswered(outcome: InvocationOutcome, delivery: DeliveryStatus, durationMs: number): void {
    this.#metrics.answered(outcome, delivery, durationMs);
  }

  onEnd(record: InvocationRecord, report: InvocationReport | undefined): void {
    this.#open.delete(record);
    this.#metrics.inFlight = this.#open.size;
    if (this.reports && report !== undefined) this.#log.info(report, 'Invocation ended');
  }

  #arrived(invocation: Invocation, slot: number): InvocationRecord {
    const record = new InvocationRecord(invocation, slot, this.#open.size + 1, this);
    this.#open.add(record);
    this.#metrics.inFlight = this.#open.size;
    this.#metrics.received += 1;
    return record;
  }

  #threadStarts(id: number): ThreadObserver {
    const startedMs = monotonicMs();
    const operation = publishThread({ thread: id });
    let over = false;
    const explain = (cause: ThreadEndCause | undefined, diagnostic: EncodedDiagnostic) => {
      if (operation === undefined) return;
      operation.context.cause = cause;
      if (isFault(cause)) operation.context.error = decodeDiagnostic(diagnostic);
    };
    return {
      ready: () => {
        if (operation === undefined) return;
        operation.context.bootMs = monotonicMs() - startedMs;
        operation.begun();
      },
      retired: (cause, diagnostic) => {
        explain(cause, diagnostic);
        operation?.concluding();
      },
      ended: (cause, diagnostic) => {
        if (over) return;
        over = true;
        if (cause !== undefined) this.#metrics.replaced[cause] += 1;
        explain(cause, diagnostic);
        operation?.ended();
      },
    };
  }
}

function isFault(cause: ThreadEndCause | undefined): boolean {
  return cause !== undefined && cause !== 'recycled';
}

function sends(method: string, path: string): RequestObserver | undefined {
  const operation = publishRequest(method, path);
  if (operation === undefined) return undefined;
  operation.begun();
  return {
    answered: (status) => {
      operation.context.status = status;
      operation.ended();
    },
    failed: (error) => {
      operation.context.error = error;
      operation.ended();
    },
  };
}
