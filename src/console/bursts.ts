import { randomUUID } from 'node:crypto';
import { MAX_CONCURRENCY } from '../config/environment.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { InvokeApiContext } from '../local/lambda-api/invoke-request.ts';
import type { BurstRequest, BurstState } from './messages.ts';

/** Invokes what the page asks for. What finds no free slot waits for one. */
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
    signal.addEventListener('abort', () => {
      this.#state.wanted -= left;
      left = 0;
    });
    const goOn = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#one(bytes, randomUUID());
      }
    };
    const callers = [this.#one(bytes, requestId).then(goOn)];
    while (callers.length < Math.min(concurrency, count)) callers.push(goOn());
    return requestId;
  }

  /** Sends no more. */
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
      // It has failed, as the count says.
    }
    this.#running -= 1;
    this.#state.done += 1;
    if (result?.status !== 'response') this.#state.failed += 1;
  }
}

/** Reads what the page asks for; or says what is wrong with it. */
export function readBurstRequest(body: Buffer): BurstRequest | { readonly refused: string } {
  const asked = parse(body.toString());
  if (typeof asked !== 'object' || asked === null) return { refused: 'The body is not a JSON object' };
  const { event, count = 1, concurrency = 1 } = asked as Partial<Record<keyof BurstRequest, unknown>>;
  if (typeof event !== 'string' || parse(event) === undefined) return { refused: 'The event is not JSON' };
  if (!isWhole(count, MAX_INVOCATIONS)) {
    return { refused: `count must be a whole number from 1 to ${MAX_INVOCATIONS}` };
  }
  if (!isWhole(concurrency, MAX_CONCURRENCY)) {
    return { refused: `concurrency must be a whole number from 1 to ${MAX_CONCURRENCY}` };
  }
  return { event, count, concurrency };
}

/** As many as the page may ask for at a time. */
export const MAX_INVOCATIONS = 10_000;

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

/** No JSON says undefined. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
