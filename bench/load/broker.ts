import type { Connection } from './connection.ts';
import { LatencyRecord } from './latency-record.ts';
import type { LoadReport } from './protocol.ts';

/** An event to deliver. */
export interface DueEvent {
  readonly className: string;
  readonly body: Uint8Array;
  /** The due time, on the clock of `performance.now()`. */
  readonly dueMs: number;
}

/** Matches events with polls, first come first served, and measures the latency of the answers. */
export class EventBroker {
  /** The maximum number of events in flight. */
  limit = Infinity;
  readonly #polls: Connection[] = [];
  readonly #queue: DueEvent[] = [];
  readonly #inFlight = new Map<string, DueEvent>();
  #latencies = new LatencyRecord();
  #ids = 0;
  #completed = 0;
  #failed = 0;
  #firstError: string | undefined;
  #firstMs: number | undefined;
  #lastMs = 0;

  get polls(): number {
    return this.#polls.length;
  }

  get waiting(): { readonly completed: number; readonly inFlight: number; readonly queued: number } {
    return { completed: this.#completed, inFlight: this.#inFlight.size, queued: this.#queue.length };
  }

  push(event: DueEvent): void {
    this.#firstMs ??= performance.now();
    this.#queue.push(event);
    this.#match();
  }

  addPoll(connection: Connection): void {
    this.#polls.push(connection);
    this.#match();
  }

  drop(connection: Connection): void {
    const index = this.#polls.indexOf(connection);
    if (index !== -1) this.#polls.splice(index, 1);
  }

  /** Records an answer. Returns false if the request id is not in flight. */
  answer(requestId: string, error: string | undefined): boolean {
    const event = this.#inFlight.get(requestId);
    if (event === undefined) return false;
    this.#inFlight.delete(requestId);
    this.#completed += 1;
    if (error !== undefined) {
      this.#failed += 1;
      this.#firstError ??= error;
    }
    this.#lastMs = performance.now();
    this.#latencies.add(event.className, this.#lastMs - event.dueMs);
    this.#match();
    return true;
  }

  /** Returns the results since the previous report and resets them. */
  report(): LoadReport {
    const report = {
      completed: this.#completed,
      failed: this.#failed,
      firstError: this.#firstError,
      seconds: (this.#lastMs - (this.#firstMs ?? this.#lastMs)) / 1000,
      latencies: this.#latencies.report(),
    };
    this.#latencies = new LatencyRecord();
    this.#completed = 0;
    this.#failed = 0;
    this.#firstError = undefined;
    this.#firstMs = undefined;
    return report;
  }

  #match(): void {
    while (this.#queue.length > 0 && this.#polls.length > 0 && this.#inFlight.size < this.limit) {
      this.#deliver(this.#polls.shift() as Connection, this.#queue.shift() as DueEvent);
    }
  }

  #deliver(connection: Connection, event: DueEvent): void {
    this.#ids += 1;
    const requestId = `${ID_PREFIX}${this.#ids.toString(16).padStart(12, '0')}`;
    this.#inFlight.set(requestId, event);
    connection.deliver(requestId, Date.now() + TIMEOUT_MS, event.body);
  }
}

const ID_PREFIX = '8476a536-e9f4-11e8-9739-';
const TIMEOUT_MS = 120_000;
