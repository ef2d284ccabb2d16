import { Condition } from './condition.ts';
import type { Route } from './http-server.ts';

/** The callers that have not got their answer in full. */
export class OpenAnswers {
  readonly #changed = new Condition();
  #open = 0;

  /** Counts who calls this route. */
  of(route: Route): Route {
    return (exchange) => {
      if (!route(exchange)) return false;
      this.#open += 1;
      exchange.res.once('close', () => {
        this.#open -= 1;
        this.#changed.changed();
      });
      return true;
    };
  }

  /** Resolves when all have it, or are too slow to read it. */
  async sent(): Promise<void> {
    await this.#changed.until(() => this.#open === 0, AbortSignal.timeout(SLOW_MS)).catch(() => undefined);
  }
}

const SLOW_MS = 1000;
