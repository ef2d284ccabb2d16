import type { Config } from '../config/config.ts';
import type { LogInvocations } from '../config/options.ts';
import { InFlight } from '../invocation/invocation.ts';
import { decodeDiagnostic } from '../invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation, DeliveryStatus } from '../invocation/invocation.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Log } from '../logging/log.ts';
import { LONG_MS } from '../protocol.ts';
import type { HandlerReport } from '../protocol.ts';
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

/** Receives the events of all modules and updates the metrics, the tracing channels and the invocation log. */
export class Recorder implements Observer, RecordListener {
  readonly threads: ThreadsObserver = { starts: (id) => this.#threadStarts(id) };
  readonly requests: RequestsObserver = {
    sends,
    retries: (request) => {
      this.#metrics.runtimeApi[request === 'poll' ? 'pollRetries' : 'answerRetries'] += 1;
    },
    malformedEvent: () => {
      this.#metrics.runtimeApi.malformedEvents += 1;
    },
  };
  readonly #log: Log;
  readonly #logInvocations: LogInvocations;
  readonly #metrics: RuntimeMetrics;
  readonly #open = new InFlight<InvocationRecord>();

  constructor({ logInvocations }: Config, log: Log, metrics: RuntimeMetrics) {
    this.#logInvocations = logInvocations;
    this.#log = log;
    this.#metrics = metrics;
  }

  slot(index: number): SlotObserver {
    const { slots } = this.#metrics;
    return {
      waits: () => slots.setState(index, 'waiting'),
      polls: () => slots.setState(index, 'polling'),
      receives: (invocation) => {
        slots.setState(index, 'busy');
        return this.#arrived(invocation, index);
      },
      stops: () => slots.setState(index, 'stopped'),
    };
  }

  /** Sets the function that returns the threads for a snapshot of the metrics. */
  setThreadSource(threads: () => readonly ThreadMetrics[]): void {
    this.#metrics.threads = threads;
  }

  /** Ends all open records when the runtime ends, with what is known of them. */
  close(): void {
    for (const record of this.#open) record.close();
  }

  logsInvocation(isPlainSuccess: boolean): boolean {
    return this.#logInvocations === 'all' || (this.#logInvocations === 'failures' && !isPlainSuccess);
  }

  onRan(waitMs: number, { handlerMs, cpuMs }: HandlerReport): void {
    this.#metrics.dispatch.record(waitMs);
    if (cpuMs !== undefined && handlerMs >= LONG_MS) this.#metrics.longHandler(handlerMs, cpuMs);
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
    if (report !== undefined) this.#log.info(report, 'Invocation ended');
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
    let ended = false;
    const setCause = (cause: ThreadEndCause | undefined, diagnostic: EncodedDiagnostic) => {
      if (operation === undefined) return;
      operation.context.cause = cause;
      if (isFault(cause)) operation.context.error = decodeDiagnostic(diagnostic);
    };
    return {
      ready: () => {
        if (operation === undefined) return;
        operation.context.startDurationMs = monotonicMs() - startedMs;
        operation.publishEnd();
      },
      retired: (cause, diagnostic) => {
        setCause(cause, diagnostic);
        operation?.publishAsyncStart();
      },
      ended: (cause, diagnostic) => {
        if (ended) return;
        ended = true;
        if (cause !== undefined) this.#metrics.replaced[cause] += 1;
        setCause(cause, diagnostic);
        operation?.publishAsyncEnd();
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
  operation.publishEnd();
  return {
    responded: (status) => {
      operation.context.status = status;
      operation.publishAsyncEnd();
    },
    failed: (error) => {
      operation.context.error = error;
      operation.publishAsyncEnd();
    },
  };
}
