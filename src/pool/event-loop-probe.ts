import { Promise } from '../builtins.ts';
import type { PingMessage } from '../protocol.ts';

/** Detects that a thread's event loop has turned: the thread answers each ping from its event loop. */
export class EventLoopProbe {
  readonly #send: (ping: PingMessage) => void;
  readonly #waiting = new Map<number, (resources: readonly string[] | undefined) => void>();
  #pings = 0;

  constructor(send: (ping: PingMessage) => void) {
    this.#send = send;
  }

  /** Resolves when the event loop has turned, or the thread has ended. */
  async turned(): Promise<void> {
    await this.#ping(false);
  }

  /**
   * Resolves when the event loop has turned, with the resources for which it waits, as Node.js names them. Undefined if the
   * thread has ended.
   */
  activeResources(): Promise<readonly string[] | undefined> {
    return this.#ping(true);
  }

  /** Must be called when the thread answers a ping. */
  answered(ping: number, resources: readonly string[] | undefined): void {
    this.#waiting.get(ping)?.(resources);
    this.#waiting.delete(ping);
  }

  /** Must be called when the thread has ended, because it no longer answers pings. */
  close(): void {
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  #ping(wantsResources: boolean): Promise<readonly string[] | undefined> {
    this.#pings += 1;
    const { promise, resolve } = Promise.withResolvers<readonly string[] | undefined>();
    this.#waiting.set(this.#pings, resolve);
    this.#send({ type: 'ping', ping: this.#pings, wantsResources });
    return promise;
  }
}
