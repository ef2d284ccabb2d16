import type { PublishedThread } from '../observability/channels.ts';
import { LOG_LEVELS } from '../thread-settings.ts';
import { now } from './sampler.ts';
import type { LoggedText } from './messages.ts';
import { retainText } from './retained.ts';

/** Remembers the last lines. */
export class LogHistory {
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
    return this.#kept.slice(-MAX_KEPT);
  }

  /** Those that have come since the last time that this was called, if they are still kept. */
  takeNew(): LoggedText[] {
    const fresh = this.#count - this.#taken;
    this.#taken = this.#count;
    return fresh === 0 ? [] : this.#kept.slice(-Math.min(fresh, MAX_KEPT));
  }

  #add(line: string, from: Pick<LoggedText, 'requestId' | 'ofRuntime'>): void {
    this.#count += 1;
    const { text, cut } = retainText(line, MAX_BYTES);
    // Read out of the whole line: the beginning of JSON is no JSON.
    const level = levelOf(line);
    this.#kept.push({
      order: this.#count,
      at: now(),
      ...from,
      ...(level !== undefined && { level }),
      text: cut ? `${text}…` : text,
    });
    if (this.#kept.length > 2 * MAX_KEPT) this.#kept.splice(0, MAX_KEPT);
  }
}

const MAX_KEPT = 1000;
const MAX_BYTES = 4096;

/** The level that a line names, in capitals: in the two formats of Lambda, or as pino writes it, in numbers. */
function levelOf(line: string): string | undefined {
  if (!line.startsWith('{')) return TEXT_FORMAT.exec(line)?.[1];
  const { level } = parse(line);
  if (typeof level === 'number') return numbered(level);
  return typeof level === 'string' && level.length <= LONGEST ? level.toUpperCase() : undefined;
}

const TEXT_FORMAT = /^\d{4}-\S+Z\t[^\t]*\t([A-Z]{1,12})\t/;
/** A longer one is no level, and would keep a long line in memory. */
const LONGEST = 12;

function parse(line: string): { readonly level?: unknown } {
  try {
    return JSON.parse(line) as { readonly level?: unknown };
  } catch {
    return {};
  }
}

/** 10 is trace, 60 is fatal; a level of one's own between two counts as the lower one. */
function numbered(level: number): string | undefined {
  const place = Math.floor(level / 10) - 1;
  return LOG_LEVELS[Math.min(Math.max(place, 0), LOG_LEVELS.length - 1)];
}
