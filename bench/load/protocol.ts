/**
 * What the benchmark and its load process say to each other, over the IPC channel of `fork`.
 *
 *     benchmark                          load process
 *     ◀─ listening ───────────────────── the Runtime API's port
 *     ◀─ parked ──────────────────────── as often as there are more polls than ever before
 *     ── run ──────────────────────────▶ hands out events
 *     ◀─ finished | stalled ────────────
 *     ◀─ init-error ──────────────────── the runtime could not start
 */
export type ToLoad = { readonly type: 'run'; readonly plan: LoadPlan };

export type FromLoad =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'parked'; readonly polls: number; readonly epochMs: number }
  | { readonly type: 'finished'; readonly report: LoadReport }
  | {
      readonly type: 'stalled';
      readonly completed: number;
      readonly inFlight: number;
      readonly queued: number;
    }
  | { readonly type: 'init-error'; readonly body: string };

/** Which events are handed out, and when. */
export type LoadPlan =
  | {
      /** Every poll gets an event at once. */
      readonly kind: 'saturation';
      readonly body: Body;
      readonly until: { readonly seconds: number } | { readonly events: number };
      /** Polls beyond that wait, as they do where Lambda's own limit is reached. */
      readonly inFlightAtMost?: number;
    }
  | {
      /** Events fall due at random, whether or not there is a poll; one without a poll queues. */
      readonly kind: 'poisson';
      readonly perSecond: number;
      readonly seconds: number;
      /** The same seed gives the same arrivals. */
      readonly seed: number;
      readonly classes: readonly EventClass[];
    };

export interface EventClass {
  readonly name: string;
  /** Part of all events, 0 to 1. */
  readonly share: number;
  readonly body: Body;
}

/** An event's body: JSON text, or a JSON string of that many bytes. */
export type Body =
  { readonly kind: 'json'; readonly text: string } | { readonly kind: 'filled'; readonly bytes: number };

export interface LoadReport {
  readonly completed: number;
  /** How many of them were answered with an error. */
  readonly failed: number;
  /** The first of these errors. */
  readonly firstError: string | undefined;
  /** From the first event until the last answer. */
  readonly seconds: number;
  /** From due time to answer, by class; saturation has one class, `all`, whose events are due when their poll arrives. */
  readonly latencies: Readonly<Record<string, LatencyReport>>;
}

export interface LatencyReport {
  readonly count: number;
  /** By percentile, in ms. */
  readonly percentiles: ReadonlyArray<readonly [percentile: number, ms: number]>;
}
