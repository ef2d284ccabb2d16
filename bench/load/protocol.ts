/**
 * The messages between the benchmark and its load process, over the IPC channel of `fork`.
 *
 *     benchmark                          load process
 *     ◀─ listening ───────────────────── the Runtime API's port
 *     ◀─ polling ──────────────────────── a new maximum of open polls
 *     ── run ──────────────────────────▶ delivers events
 *     ◀─ finished | stalled ────────────
 *     ◀─ init-error ──────────────────── the runtime could not start
 */
export type ToLoad = { readonly type: 'run'; readonly plan: LoadPlan };

export type FromLoad =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'polling'; readonly polls: number; readonly epochMs: number }
  | { readonly type: 'finished'; readonly report: LoadReport }
  | {
      readonly type: 'stalled';
      readonly completed: number;
      readonly inFlight: number;
      readonly queued: number;
    }
  | { readonly type: 'init-error'; readonly body: string };

/** Which events to deliver, and when. */
export type LoadPlan =
  | {
      /** Every poll gets an event at once. */
      readonly kind: 'saturation';
      readonly body: Body;
      readonly until: { readonly seconds: number } | { readonly events: number };
      /** The concurrency limit. Further polls wait, as on Lambda. */
      readonly inFlightAtMost?: number;
    }
  | {
      /** Events become due at random times. An event without an open poll is queued. */
      readonly kind: 'poisson';
      readonly perSecond: number;
      readonly seconds: number;
      /** The same seed gives the same arrival times. */
      readonly seed: number;
      readonly classes: readonly EventClass[];
    };

export interface EventClass {
  readonly name: string;
  /** The share of all events, 0 to 1. */
  readonly share: number;
  readonly body: Body;
}

/** An event's body: JSON text, or a JSON string of the given size in bytes. */
export type Body =
  { readonly kind: 'json'; readonly text: string } | { readonly kind: 'filled'; readonly bytes: number };

export interface LoadReport {
  readonly completed: number;
  /** The number of events answered with an error. */
  readonly failed: number;
  /** The first of these errors. */
  readonly firstError: string | undefined;
  /** From the first event until the last answer. */
  readonly seconds: number;
  /** Latency from the due time to the answer, by class. In saturation the class is `all`, due when the poll arrives. */
  readonly latencies: Readonly<Record<string, LatencyReport>>;
}

export interface LatencyReport {
  readonly count: number;
  /** By percentile, in ms. */
  readonly percentiles: ReadonlyArray<readonly [percentile: number, ms: number]>;
}
