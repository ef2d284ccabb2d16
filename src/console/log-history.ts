import type { PublishedThread } from '../observability/channels.ts';
import { LOG_LEVELS } from '../thread-settings.ts';
import { now } from './sampler.ts';
import type { LoggedText } from './messages.ts';
import { retainText } from './retained.ts';

/** Retains the latest log lines. */
export class LogHistory {
  readonly #kept: LoggedText[] = [];
  #count = 0;
  #taken = 0;

  add(line: string, requestId: string | undefined): void {
    this.#add(line, requestId === undefined ? {} : { requestId });
  }

  /** Adds a line for a replaced thread, because no handler can log it. */
  threadEnded({ thread, cause, error }: PublishedThread): void {
    if (cause === undefined) return;
    const reason = error === undefined ? '' : `: ${error.errorType}: ${error.errorMessage}`;
    const level = cause === 'recycled' ? 'INFO' : 'ERROR';
    const message = `Thread ${thread} is replaced (${cause})${reason}`;
    this.#add(JSON.stringify({ level, message }), { ofRuntime: true });
  }

  all(): LoggedText[] {
    return this.#kept.slice(-MAX_KEPT);
  }

  /** Returns the lines added since the previous call, if they are still retained. */
  takeNew(): LoggedText[] {
    const fresh = this.#count - this.#taken;
    this.#taken = this.#count;
    return fresh === 0 ? [] : this.#kept.slice(-Math.min(fresh, MAX_KEPT));
  }

  #add(line: string, from: Pick<LoggedText, 'requestId' | 'ofRuntime'>): void {
    this.#count += 1;
    const { text, cut } = retainText(line, MAX_BYTES);
    // Reads the level from the whole line, because truncated JSON cannot be parsed.
    const { level, at = now() } = readLine(line);
    this.#kept.push({
      order: this.#count,
      at,
      ...from,
      ...(level !== undefined && { level }),
      text: cut ? `${text}…` : text,
    });
    if (this.#kept.length > 2 * MAX_KEPT) this.#kept.splice(0, MAX_KEPT);
  }
}

const MAX_KEPT = 1000;
const MAX_BYTES = 4096;

/** Reads level and time of a line in Lambda's two formats or in pino's. Other lines have neither. */
function readLine(line: string): { readonly level?: string | undefined; readonly at?: number | undefined } {
  if (!line.startsWith('{')) {
    const [, time, level] = TEXT_FORMAT.exec(line) ?? [];
    return { level, at: instantOf(time) };
  }
  const { level, timestamp, time } = parse(line);
  return { level: levelOf(level), at: instantOf(timestamp ?? time) };
}

function levelOf(level: unknown): string | undefined {
  if (typeof level === 'number') return levelName(level);
  return typeof level === 'string' && level.length <= MAX_LEVEL_LENGTH ? level.toUpperCase() : undefined;
}

/** Undefined if it is not a time of this process, for example because it is in seconds. */
function instantOf(time: unknown): number | undefined {
  const at = typeof time === 'string' ? Date.parse(time) : time;
  return typeof at === 'number' && Math.abs(at - now()) < MAX_TIME_OFF_MS ? at : undefined;
}

const MAX_TIME_OFF_MS = 3_600_000;

const TEXT_FORMAT = /^(\d{4}-\S+Z)\t[^\t]*\t(?:[^\t]*\t)?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t/;
/** A longer string is not a level, and the substring would keep the whole line in memory. */
const MAX_LEVEL_LENGTH = 12;

function parse(line: string): Partial<Record<'level' | 'timestamp' | 'time', unknown>> {
  try {
    return JSON.parse(line) as object;
  } catch {
    return {};
  }
}

/** Converts pino's numeric level: 10 is TRACE, 60 is FATAL. A custom level counts as the next lower one. */
function levelName(level: number): string | undefined {
  const place = Math.floor(level / 10) - 1;
  return LOG_LEVELS[Math.min(Math.max(place, 0), LOG_LEVELS.length - 1)];
}
