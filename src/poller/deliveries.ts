import { Promise } from '../builtins.ts';
import type { DeliveryStatus } from '../invocation/invocation.ts';

/** Counts the invocations of all slots whose answers have not been delivered. */
export class Deliveries {
  #open = 0;
  readonly #onAllDelivered: Array<() => void> = [];
  #onAborted: () => void = () => undefined;

  /** Must be called when an invocation has arrived. */
  begin(): void {
    this.#open += 1;
  }

  /** Must be called when the answer has been delivered or has failed. */
  end(delivery: DeliveryStatus): void {
    this.#open -= 1;
    if (delivery === 'aborted') this.#onAborted();
    if (this.#open > 0) return;
    for (const resolve of this.#onAllDelivered.splice(0)) resolve();
  }

  /** Resolves when all answers have been delivered or have failed. */
  async allDelivered(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => this.#onAllDelivered.push(resolve));
  }

  /** Resolves on the next answer that is refused because Lambda aborted its invocation. Supports one caller. */
  aborted(): Promise<void> {
    return new Promise((resolve) => (this.#onAborted = resolve));
  }
}
