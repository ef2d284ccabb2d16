import type { Socket } from 'node:net';
import { Condition } from './condition.ts';
import type { Answer } from './http-answers.ts';

/** One open `/next`. */
export interface Poll {
  readonly socket: Socket;
  deliver(requestId: string, event: Answer): void;
}

/** The parked polls: first in, first out. A poll whose connection has closed is not in it any more. */
export class PollQueue {
  readonly #changed = new Condition();
  #polls: Poll[] = [];

  get length(): number {
    return this.#polls.length;
  }

  push(poll: Poll): void {
    this.#polls.push(poll);
    this.#changed.changed();
  }

  take(): Poll | undefined {
    let poll = this.#polls.shift();
    while (poll !== undefined && !poll.socket.writable) poll = this.#polls.shift();
    return poll;
  }

  /** Forgets the polls of a connection that has closed. */
  drop(socket: Socket): void {
    this.#polls = this.#polls.filter((poll) => poll.socket !== socket);
  }

  whenLength(count: number, signal?: AbortSignal): Promise<void> {
    return this.#changed.until(() => this.#polls.length >= count, signal);
  }

  close(error: Error): void {
    this.#polls = [];
    this.#changed.abandon(error);
  }
}
