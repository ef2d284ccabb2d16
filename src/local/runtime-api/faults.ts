/**
 * The requests of a runtime that a fault can meet: `next` (the poll for an event), `response` and `error` (the answer),
 * `init-error`, and as an extension `register` and `extension-next`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export type FaultPoint = 'next' | 'response' | 'error' | 'init-error' | 'register' | 'extension-next';

/** A point, or a point and the request ids that are meant. For `next` that is the id of the event handed over. */
export type FaultMatch =
  FaultPoint | { readonly at: FaultPoint; readonly requestId: (requestId: string) => boolean };

/**
 * What goes wrong.
 *
 * - `refuse`: the connection is closed in order (FIN) without an answer; nothing is acted on.
 * - `reset-before`: the connection is reset (RST) when the request's headers are in; nothing is acted on.
 * - `reset-during`: reset when half of the request's body is in (of a chunked one: its first piece), and what has
 *   come in full is not acted on; of `next`: when half of the event is out.
 * - `reset-after`: the request is acted on, then the connection is reset without an answer. Of `next`: an event is
 *   handed over and lost.
 * - `accept-early`: acted on with the first piece of the request's body as if that were the whole, then answered and closed.
 * - `status`: answered with this status; nothing is acted on.
 * - `garbage`: answered with bytes that are not HTTP, then closed; nothing is acted on.
 * - `truncated-body`: acted on and answered with a content length that is larger than the body sent, then closed.
 * - `delay`: acted on so many milliseconds later.
 * - `hang`: taken, neither acted on nor answered.
 *
 * A fault of `next` happens when the request arrives. `reset-during`, `reset-after` and `truncated-body`, and any
 * fault with a `requestId`, happen when an event is handed over; that event is then lost, except with `delay`.
 */
export type Fault =
  | { readonly type: 'refuse' }
  | { readonly type: 'reset-before' }
  | { readonly type: 'reset-during' }
  | { readonly type: 'reset-after' }
  | { readonly type: 'accept-early' }
  | { readonly type: 'status'; readonly status: number; readonly body?: string }
  | { readonly type: 'garbage' }
  | { readonly type: 'truncated-body' }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'hang' };

/**
 * The faults to come. Rules are tried in the order in which they were made; one request meets one fault.
 *
 * @example
 * ```ts
 * import { startRuntimeApi } from 'lambda-managed-runtime/testing';
 *
 * const { faults } = await startRuntimeApi();
 * faults.once('response', { type: 'reset-before' });
 * const mend = faults.always('next', { type: 'status', status: 503 });
 * mend();
 * ```
 */
export interface FaultPlan {
  /**
   * The next request that matches meets this fault.
   *
   * @param match Which request.
   * @param fault What goes wrong.
   * @returns A function that takes the rule back.
   */
  once(match: FaultMatch, fault: Fault): () => void;
  /**
   * Every request that matches meets this fault.
   *
   * @param match Which requests.
   * @param fault What goes wrong.
   * @returns A function that takes the rule back.
   */
  always(match: FaultMatch, fault: Fault): () => void;
  /** Takes all rules back. */
  clear(): void;
  /** How many `once` rules haven't met their request yet. */
  readonly pending: number;
  /** How many requests have met a fault. */
  readonly met: number;
}

/** The plan, with the server's own side of it. */
export class FaultRules implements FaultPlan {
  #rules: Rule[] = [];
  #met = 0;

  get pending(): number {
    return this.#rules.filter((rule) => rule.once).length;
  }

  get met(): number {
    return this.#met;
  }

  once(match: FaultMatch, fault: Fault): () => void {
    return this.#add({ match, fault, once: true });
  }

  always(match: FaultMatch, fault: Fault): () => void {
    return this.#add({ match, fault, once: false });
  }

  clear(): void {
    this.#rules = [];
  }

  /** The fault of a request that arrives. */
  onArrival(point: FaultPoint, requestId?: string): Fault | undefined {
    if (this.#rules.length === 0) return undefined;
    return this.#take((rule) => matches(rule.match, point, requestId) && !meetsHandOver(rule));
  }

  /** The fault of an event that is handed over. */
  onHandOver(requestId: string): Fault | undefined {
    if (this.#rules.length === 0) return undefined;
    return this.#take((rule) => matches(rule.match, 'next', requestId) && meetsHandOver(rule));
  }

  #add(rule: Rule): () => void {
    this.#rules.push(rule);
    return () => this.#remove(rule);
  }

  #take(wanted: (rule: Rule) => boolean): Fault | undefined {
    const rule = this.#rules.find(wanted);
    if (rule === undefined) return undefined;
    if (rule.once) this.#remove(rule);
    this.#met += 1;
    return rule.fault;
  }

  #remove(rule: Rule): void {
    this.#rules = this.#rules.filter((each) => each !== rule);
  }
}

interface Rule {
  readonly match: FaultMatch;
  readonly fault: Fault;
  readonly once: boolean;
}

function matches(match: FaultMatch, point: FaultPoint, requestId: string | undefined): boolean {
  if (typeof match === 'string') return match === point;
  return match.at === point && requestId !== undefined && match.requestId(requestId);
}

function meetsHandOver({ match, fault }: Rule): boolean {
  if (typeof match !== 'string') return match.at === 'next';
  return match === 'next' && HAND_OVER_FAULTS.has(fault.type);
}

const HAND_OVER_FAULTS: ReadonlySet<Fault['type']> = new Set([
  'reset-during',
  'reset-after',
  'truncated-body',
]);
