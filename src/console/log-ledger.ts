import type { PublishedThread } from '../observing/channels.ts';
import { now } from './clock.ts';
import { keepText } from './kept-text.ts';
import { levelOf } from './line-level.ts';
import type { LoggedText } from './messages.ts';

/** Remembers the last lines. */
export class LogLedger {
  readonly #kept: LoggedText[] = [];
  #count = 0;
  #taken = 0;

  add(line: string, requestId: string | undefined): void {
    this.#add(line, requestId === undefined ? {} : { requestId });
  }

  /** What threads end of, which no handler can write. */
  threadEnded({ thread, cause, error }: PublishedThread): void {
    if (cause === undefined) return;
    const why = error === undefined ? '' : `: ${error.errorType}: ${error.errorMessage}`;
    const level = cause === 'recycled' ? 'INFO' : 'ERROR';
    const message = `Thread ${thread} is replaced, ${cause}${why}`;
    this.#add(JSON.stringify({ level, message }), { ofRuntime: true });
  }

  all(): LoggedText[] {
    return this.#kept.slice(-MOST_KEPT);
  }

  /** Those that have come since the last time that this was called, if they are still kept. */
  takeNew(): LoggedText[] {
    const fresh = this.#count - this.#taken;
    this.#taken = this.#count;
    return fresh === 0 ? [] : this.#kept.slice(-Math.min(fresh, MOST_KEPT));
  }

  #add(line: string, from: Pick<LoggedText, 'requestId' | 'ofRuntime'>): void {
    this.#count += 1;
    const { text, cut } = keepText(line, MOST_BYTES);
    // Read out of the whole line: the beginning of JSON is no JSON.
    const level = levelOf(line);
    this.#kept.push({
      order: this.#count,
      at: now(),
      ...from,
      ...(level !== undefined && { level }),
      text: cut ? `${text}…` : text,
    });
    if (this.#kept.length > 2 * MOST_KEPT) this.#kept.splice(0, MOST_KEPT);
  }
}

const MOST_KEPT = 1000;
const MOST_BYTES = 4096;
