import { Promise } from '../builtins.ts';

/** Tells when the event loop of a thread has turned: the thread answers each ping from its event loop. */
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

  /** To be called when the thread has answered the ping. */
  answered(ping: number): void {
    this.#waiting.get(ping)?.();
    this.#waiting.delete(ping);
  }

  /** To be called when the thread has ended: it answers no more. */
  end(): void {
    for (const resolve of this.#waiting.values()) resolve();
    this.#waiting.clear();
  }
}
