import { Promise } from '../builtins.ts';
import type { Delivery } from '../invocation/outcome.ts';

/** Counts the invocations of all slots whose answers are still to be delivered. */
export class Deliveries {
  #open = 0;
  #onSettled: Array<() => void> = [];
  #onAborted: () => void = () => undefined;

  /** An invocation has arrived. */
  begin(): void {
    this.#open += 1;
  }

  /** Its answer has been delivered, or never will be. */
  end(delivery: Delivery): void {
    this.#open -= 1;
    if (delivery === 'aborted') this.#onAborted();
    if (this.#open > 0) return;
    for (const tell of this.#onSettled.splice(0)) tell();
  }

  /** Resolves when no answer is missing. */
  async settled(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  /** Resolves when an answer is refused, from now on, because its invocation was aborted. Only the last caller is told. */
  aborted(): Promise<void> {
    return new Promise((resolve) => (this.#onAborted = resolve));
  }
}
