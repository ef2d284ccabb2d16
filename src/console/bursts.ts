import { randomUUID } from 'node:crypto';
import type { FrontSettings } from '../local/front.ts';
import type { InvokeResult } from '../local/invoke.ts';
import type { BurstRequest, BurstState } from './messages.ts';

/** Invokes what the page asks for. What finds no free slot waits for one. */
export class Bursts {
  readonly #invoke: FrontSettings['invoke'];
  #stop = new AbortController();
  #running = 0;
  #state = { wanted: 0, done: 0, failed: 0 };

  constructor({ invoke }: FrontSettings) {
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
