import type { Config } from '../config/config.ts';
import { InFlight } from '../invocation/invocation.ts';
import { decodeDiagnostic } from '../invocation/diagnostic.ts';
import type { Invocation, Delivery } from '../invocation/invocation.ts';
import { monotonicMs } from '../invocation/time.ts';
import type { Log } from '../logging/log.ts';
import { publishRequest, publishThread } from './channels.ts';
import type { Figures } from './runtime-metrics.ts';
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
import type { ThreadFigures } from './thread-metrics.ts';

/** Hears of all that happens, and passes it on: to the figures, the channels, and the line of each invocation. */
export class Recorder implements Observer, RecordListener {
  readonly reports: boolean;
  readonly threads: ThreadsObserver = { starts: (id) => this.#threadStarts(id) };
  readonly requests: RequestsObserver = {
    sends,
    retries: (what) => {
      this.#figures.runtimeApi[what === 'poll' ? 'pollRetries' : 'answerRetries'] += 1;
    },
    malformedEvent: () => {
      this.#figures.runtimeApi.malformedEvents += 1;
    },
  };
  readonly #log: Log;
  readonly #figures: Figures;
  readonly #open = new InFlight<InvocationRecord>();

  constructor({ logInvocations }: Config, log: Log, figures: Figures) {
    this.reports = logInvocations;
    this.#log = log;
    this.#figures = figures;
  }

  slot(index: number): SlotObserver {
    const { slots } = this.#figures;
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
  askForThreads(threads: () => readonly ThreadFigures[]): void {
    this.#figures.threads = threads;
  }

  /** The runtime ends: what is still open is told with what is known of it. */
  close(): void {
    for (const record of this.#open) record.close();
  }

  onDispatch(waitMs: number): void {
    this.#figures.dispatch.record(waitMs);
  }

  onMissedDeadline(): void {
    this.#figures.missedDeadlines += 1;
  }

  onAnswered(outcome: InvocationOutcome, delivery: Delivery, durationMs: number): void {
    this.#figures.answered(outcome, delivery, durationMs);
  }

  onEnd(record: InvocationRecord, report: InvocationReport | undefined): void {
    this.#open.delete(record);
    this.#figures.inFlight = this.#open.size;
    if (this.reports && report !== undefined) this.#log.info(report, 'Invocation ended');
  }

  #arrived(invocation: Invocation, slot: number): InvocationRecord {
    const record = new InvocationRecord(invocation, slot, this.#open.size + 1, this);
    this.#open.add(record);
    this.#figures.inFlight = this.#open.size;
    this.#figures.received += 1;
    return record;
  }

  #threadStarts(id: number): ThreadObserver {
    const startedMs = monotonicMs();
    const life = publishThread({ thread: id });
    let over = false;
    return {
      ready: () => {
        if (life === undefined) return;
        life.context.bootMs = monotonicMs() - startedMs;
        life.begun();
      },
      ended: (cause, diagnostic) => {
        if (over) return;
        over = true;
        if (cause !== undefined) this.#figures.replaced[cause] += 1;
        if (life === undefined) return;
        life.context.cause = cause;
        if (isFault(cause) && diagnostic !== undefined) life.context.error = decodeDiagnostic(diagnostic);
        life.ended();
      },
    };
  }
}

function isFault(cause: ThreadEndCause | undefined): boolean {
  return cause !== undefined && cause !== 'recycled';
}

function sends(method: string, path: string): RequestObserver | undefined {
  const life = publishRequest(method, path);
  if (life === undefined) return undefined;
  life.begun();
  return {
    answered: (status) => {
      life.context.status = status;
      life.ended();
    },
    failed: (error) => {
      life.context.error = error;
      life.ended();
    },
  };
}
