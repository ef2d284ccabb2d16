/**
 * The runtime's requests in which a fault can be injected: `next` (the poll for an event), `response` and `error` (the
 * answer), `init-error`, and the extension requests `register` and `extension-next`.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export type FaultPoint = 'next' | 'response' | 'error' | 'init-error' | 'register' | 'extension-next';

/** A fault point, optionally limited to request ids. For `next`, the id is that of the delivered event. */
export type FaultMatch =
  FaultPoint | { readonly at: FaultPoint; readonly requestId: (requestId: string) => boolean };

/**
 * A fault to inject.
 *
 * - `refuse`: the server closes the connection (FIN) without a response and without processing the request.
 * - `reset-before`: the server resets the connection (RST) after the request's headers, without processing the request.
 * - `reset-during`: the server resets the connection after half of the request's body (after the first chunk of a chunked
 *   body), without processing the request. For `next`: after half of the event has been sent.
 * - `reset-after`: the server processes the request, then resets the connection without a response. For `next`: an event
 *   is delivered and lost.
 * - `accept-early`: the server processes the first chunk of the body as if it were complete, responds, and closes the
 *   connection.
 * - `status`: the server responds with this status without processing the request.
 * - `garbage`: the server responds with bytes that are not HTTP and closes the connection, without processing the request.
 * - `truncated-body`: the server processes the request, responds with a body shorter than its content length, and closes
 *   the connection.
 * - `delay`: the server processes the request after `ms` milliseconds.
 * - `hang`: the server reads the request and neither processes nor answers it.
 *
 * A fault of `next` takes effect when the request arrives. `reset-during`, `reset-after`, `truncated-body`, and any fault
 * with a `requestId` take effect when an event is delivered. That event is lost, except with `delay`.
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
 * The faults to inject. Rules apply in the order in which they were added, at most one per request.
 *
 * @example
 * ```ts
 * import { startRuntimeApi } from 'lambda-managed-runtime/testing';
 *
 * const { faults } = await startRuntimeApi();
 * faults.once('response', { type: 'reset-before' });
 * const stopFault = faults.always('next', { type: 'status', status: 503 });
 * stopFault();
 * ```
 */
export interface FaultPlan {
  /**
   * Injects a fault into the next matching request.
   *
   * @param match The request to match.
   * @param fault The fault to inject.
   * @returns A function that removes the rule.
   */
  once(match: FaultMatch, fault: Fault): () => void;
  /**
   * Injects a fault into every matching request.
   *
   * @param match The requests to match.
   * @param fault The fault to inject.
   * @returns A function that removes the rule.
   */
  always(match: FaultMatch, fault: Fault): () => void;
  /** Removes all rules. */
  clear(): void;
  /** The number of `once` rules that have not matched a request yet. */
  readonly pending: number;
  /** The number of injected faults. */
  readonly met: number;
}

/** The plan, with the methods that the server uses. */
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

  /** Returns the fault for a request on arrival. */
  onArrival(point: FaultPoint, requestId?: string): Fault | undefined {
    if (this.#rules.length === 0) return undefined;
    return this.#take((rule) => matches(rule.match, point, requestId) && !appliesOnDelivery(rule));
  }

  /** Returns the fault for the delivery of an event. */
  onDelivery(requestId: string): Fault | undefined {
    if (this.#rules.length === 0) return undefined;
    return this.#take((rule) => matches(rule.match, 'next', requestId) && appliesOnDelivery(rule));
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

function appliesOnDelivery({ match, fault }: Rule): boolean {
  if (typeof match !== 'string') return match.at === 'next';
  return match === 'next' && DELIVERY_FAULTS.has(fault.type);
}

const DELIVERY_FAULTS: ReadonlySet<Fault['type']> = new Set([
  'reset-during',
  'reset-after',
  'truncated-body',
]);
