import type { PublishedThread } from '../observability/channels.ts';
import { now } from './clock.ts';
import type { ThreadState } from './messages.ts';

/** Remembers the threads that there are, and the last ones that were. */
export class ThreadHistory {
  /** By an object that stands for one thread only: a runtime that starts again counts anew. */
  readonly #kept = new Map<PublishedThread, ThreadState>();
  readonly #changed = new Set<PublishedThread>();

  starts(context: PublishedThread): void {
    this.#kept.set(context, { thread: context.thread, startedAt: now() });
    this.#changed.add(context);
  }

  ready(context: PublishedThread): void {
    // What has failed to start is told to be over at once.
    if (context.bootMs !== undefined) this.#update(context, { readyAt: now() });
  }

  ended(context: PublishedThread): void {
    const { cause, error } = context;
    this.#update(context, {
      endedAt: now(),
      ...(cause !== undefined && { cause }),
      ...(error !== undefined && { errorType: error.errorType, errorMessage: error.errorMessage }),
    });
    this.#forgetOldest();
  }

  all(): ThreadState[] {
    return [...this.#kept.values()];
  }

  /** Those that have changed since the last time that this was called. */
  takeChanges(): ThreadState[] {
    const states = [...this.#changed].flatMap((context) => this.#kept.get(context) ?? []);
    this.#changed.clear();
    return states;
  }

  #update(context: PublishedThread, changes: Partial<ThreadState>): void {
    const state = this.#kept.get(context);
    if (state === undefined) return;
    this.#kept.set(context, { ...state, ...changes });
    this.#changed.add(context);
  }

  #forgetOldest(): void {
    const ended = [...this.#kept].filter(([, { endedAt }]) => endedAt !== undefined);
    for (const [context] of ended.slice(0, -MAX_ENDED)) {
      this.#kept.delete(context);
      this.#changed.delete(context);
    }
  }
}

const MAX_ENDED = 64;
