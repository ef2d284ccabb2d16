import { Promise } from '../builtins.ts';

/** Detects that a thread's event loop has turned: the thread answers each ping from its event loop. */
export class EventLoopProbe {
  readonly #send: (ping: number) => void;
  readonly #waiting = new Map<number, () => void>();
  #pings = 0;

  constructor(send: (ping: number) => void) {
    this.#send = send;
  }

  /** Resolves when the event loop has turned, or the thread has ended. */
  turned(): Promise<void> {
    this.#pings += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.set(this.#pings, resolve);
    this.#send(this.#pings);
    return promise;
  }

  /** Must be called when the thread answers a ping. */
  answered(ping: number): void {
    this.#waiting.get(ping)?.();
    this.#waiting.delete(ping);
  }

  /** Must be called when the thread has ended, because it no longer answers pings. */
  close(): void {
    for (const resolve of this.#waiting.values()) resolve();
    this.#waiting.clear();
  }
}
