import { randomUUID } from 'node:crypto';
import { MAX_CONCURRENCY } from '../config/environment.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { InvokeApiContext } from '../local/lambda-api/invoke-request.ts';
import { onAbort } from '../waiting.ts';
import type { BurstRequest, BurstState } from './messages.ts';

/** Runs the invocations that the page requests. Invocations without a free slot wait for one. */
export class Bursts {
  readonly #invoke: InvokeApiContext['invoke'];
  #stop = new AbortController();
  #running = 0;
  #state = { wanted: 0, done: 0, failed: 0 };

  constructor({ invoke }: InvokeApiContext) {
    this.#invoke = invoke;
  }

  get state(): BurstState {
    return { ...this.#state };
  }

  /** Returns the request id of the first invocation. */
  start({ event, count, concurrency }: BurstRequest): string {
    if (this.#running === 0) {
      this.#state = { wanted: 0, done: 0, failed: 0 };
      this.#stop = new AbortController();
    }
    const requestId = randomUUID();
    const bytes = Buffer.from(event);
    const { signal } = this.#stop;
    let left = count - 1;
    this.#state.wanted += count;
    onAbort(signal, () => {
      this.#state.wanted -= left;
      left = 0;
    });
    const invokeRemaining = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#one(bytes, randomUUID());
      }
    };
    const callers = [this.#one(bytes, requestId).then(invokeRemaining)];
    while (callers.length < Math.min(concurrency, count)) callers.push(invokeRemaining());
    return requestId;
  }

  /** Cancels the invocations that have not been sent yet. */
  stop(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  async #one(event: Buffer, requestId: string): Promise<void> {
    this.#running += 1;
    let result: InvokeResult | undefined;
    try {
      result = await this.#invoke(event, { requestId, keepStream: false });
    } catch {
      // Counted as failed below.
    }
    this.#running -= 1;
    this.#state.done += 1;
    if (result?.status !== 'response') this.#state.failed += 1;
  }
}

/** Parses a request of the page. Returns the reason if it is invalid. */
export function readBurstRequest(body: Buffer): BurstRequest | { readonly refused: string } {
  const request = parse(body.toString());
  if (typeof request !== 'object' || request === null) return { refused: 'The body must be a JSON object' };
  const { event, count = 1, concurrency = 1 } = request as Partial<Record<keyof BurstRequest, unknown>>;
  if (typeof event !== 'string' || parse(event) === undefined) return { refused: 'The event must be JSON' };
  if (!isWholeNumber(count, MAX_INVOCATIONS)) {
    return { refused: `count must be a whole number from 1 to ${MAX_INVOCATIONS}` };
  }
  if (!isWholeNumber(concurrency, MAX_CONCURRENCY)) {
    return { refused: `concurrency must be a whole number from 1 to ${MAX_CONCURRENCY}` };
  }
  return { event, count, concurrency };
}

/** The maximum number of invocations per request of the page. */
export const MAX_INVOCATIONS = 10_000;

function isWholeNumber(value: unknown, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

/** Returns undefined if the text is not JSON. JSON has no undefined, so the result is unambiguous. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
