import type { ReportedError } from './invoke-results.ts';
import type { Poll } from './poll-queue.ts';

/** A caller that waits for a poll; one of its functions is called, once. */
export interface WaitingCaller {
  serve(poll: Poll): void;
  turnAway(reason: string): void;
  /** The function could not start. */
  fail(initError: ReportedError): void;
}

/** The callers that wait for a poll: first in, first out. */
export class CallerQueue {
  readonly #callers: WaitingCaller[] = [];

  get length(): number {
    return this.#callers.length;
  }

  push(caller: WaitingCaller): void {
    this.#callers.push(caller);
  }

  /** Forgets a caller that has given up; false when it does not wait any more. */
  remove(caller: WaitingCaller): boolean {
    const index = this.#callers.indexOf(caller);
    if (index !== -1) this.#callers.splice(index, 1);
    return index !== -1;
  }

  /** Gives the poll to the caller that has waited longest; false when none waits. */
  serve(poll: Poll): boolean {
    const caller = this.#callers.shift();
    caller?.serve(poll);
    return caller !== undefined;
  }

  failAll(initError: ReportedError): void {
    for (const caller of this.#callers.splice(0)) caller.fail(initError);
  }

  close(reason: string): void {
    for (const caller of this.#callers.splice(0)) caller.turnAway(reason);
  }
}
