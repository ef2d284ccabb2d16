import { inspect, stripVTControlCharacters, styleText } from 'node:util';
import { Date } from '../builtins.ts';
import { LOG_LEVELS } from '../thread-settings.ts';
import type { TerminalStyle } from '../thread-settings.ts';
import type { LogWriter } from './log-output.ts';
import type { Output } from './output.ts';

/** Formats each line for people. Used by the command `dev` if stdout is a terminal. */
export function terminalWriter(writer: LogWriter, style: TerminalStyle): LogWriter {
  return {
    write(text, level, _format, epochMs) {
      // In the format JSON, the writer leaves line breaks as they are.
      writer.write(terminalLine(text, style), level, 'JSON', epochMs);
    },
  };
}

/** Formats the log lines among the lines that code writes to stdout and stderr. Other lines are unchanged. */
export function terminalOutput(output: Output, style: TerminalStyle): Output {
  return {
    write(entry) {
      const text = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString();
      const lines = text.split('\n');
      const shown = lines.map((line) => terminalLine(line, style));
      const isSame = shown.every((line, index) => line === lines[index]);
      output.write(isSame ? entry : Buffer.from(shown.join('\n')));
    },
    flushed: () => output.flushed(),
  };
}

/** Formats a log line in one of Lambda's formats or in pino's: time, level, request id, message, other fields in short. */
export function terminalLine(text: string, { colours }: TerminalStyle): string {
  const line = text.startsWith('{') ? readJson(text) : readText(text);
  if (line === undefined) return text;
  const paint: Paint = colours
    ? (as, what) => styleText(as, what, { validateStream: false })
    : (_as, what) => what;
  const { at, level = 'INFO', requestId = '', message, fields } = line;
  const head = [
    paint('dim', timeOfDay(at)),
    paint(COLOURS[level] ?? 'blue', level.padEnd(5)),
    paint('dim', requestId.slice(0, ID_LENGTH).padEnd(ID_LENGTH)),
  ].join(' ');
  const { headline, stack, rest } = describe(message, fields, colours);
  const body = `${headline}${folded(rest, paint)}${stack.map((frame) => `\n${paint('dim', frame)}`).join('')}`;
  return `${head} ${body.replaceAll('\n', `\n${INDENT}`)}`;
}

type Paint = (as: Colour, text: string) => string;
type Colour = 'dim' | 'blue' | 'yellow' | 'red' | 'gray';

const COLOURS: Readonly<Record<string, Colour>> = {
  TRACE: 'gray',
  DEBUG: 'gray',
  WARN: 'yellow',
  ERROR: 'red',
  FATAL: 'red',
};

/** The beginning of a request id, as in the console. */
const ID_LENGTH = 8;
const INDENT = '  ';

interface ReadLine {
  readonly at: Date;
  readonly level: string | undefined;
  readonly requestId: string | undefined;
  readonly message: unknown;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Undefined if the text is not the JSON of a log line. */
function readJson(text: string): ReadLine | undefined {
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { timestamp, time, level, requestId, message, msg, ...fields } = parsed;
  if (level === undefined || (message === undefined && msg === undefined)) return undefined;
  return {
    at: dateOf(timestamp ?? time),
    level: typeof level === 'number' ? levelName(level) : String(level).toUpperCase(),
    requestId: typeof requestId === 'string' ? requestId : undefined,
    message: message ?? msg,
    fields,
  };
}

/** Undefined if the text is not a line of Lambda's text format. */
function readText(text: string): ReadLine | undefined {
  const [, time, requestId, level, message] = TEXT_FORMAT.exec(text) ?? [];
  if (time === undefined) return undefined;
  return { at: dateOf(time), level, requestId, message, fields: {} };
}

/** Time, request id, possibly a tenant id, level, message. */
const TEXT_FORMAT = /^(\d{4}-\S+Z)\t([^\t]*)\t(?:[^\t]*\t)?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\t([^]*)$/;

function dateOf(time: unknown): Date {
  const date = new Date(typeof time === 'number' ? time : String(time));
  return Number.isNaN(date.valueOf()) ? new Date() : date;
}

function timeOfDay(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}

/** Converts pino's numeric level. A custom level counts as the next lower one. */
function levelName(level: number): string | undefined {
  const place = Math.floor(level / 10) - 1;
  return LOG_LEVELS[Math.min(Math.max(place, 0), LOG_LEVELS.length - 1)];
}

interface Described {
  readonly headline: string;
  readonly stack: readonly string[];
  readonly rest: Readonly<Record<string, unknown>>;
}

/** Shows an error as its stack, and an object in short. */
function describe(message: unknown, fields: Readonly<Record<string, unknown>>, colours: boolean): Described {
  const isObject = typeof message === 'object' && message !== null;
  const { errorType, errorMessage, stackTrace, ...rest } = isObject
    ? ({ ...fields, ...message } as Record<string, unknown>)
    : fields;
  if (typeof errorType === 'string' && (isObject || Array.isArray(stackTrace))) {
    const error = `${errorType}: ${String(errorMessage)}`;
    const frames = Array.isArray(stackTrace) ? stackTrace.map(String) : [];
    // The stack begins with type and message, which may have several lines.
    const first = frames.findIndex((frame) => /^\s*at /.test(frame));
    const stack = first === -1 ? [] : frames.slice(first);
    const isSaid = isObject || String(message).includes(String(errorMessage));
    return {
      headline: isObject ? error : isSaid ? String(message) : `${String(message)}: ${error}`,
      stack,
      rest,
    };
  }
  const headline = typeof message === 'string' ? message : inspect(message, { ...SHORT, colors: colours });
  return { headline, stack: [], rest: fields };
}

const SHORT = {
  depth: 1,
  breakLength: Infinity,
  compact: true,
  maxArrayLength: 5,
  maxStringLength: 100,
} as const;

/** The other fields of a line, as many as fit, and the number of those that do not. */
function folded(fields: Readonly<Record<string, unknown>>, paint: Paint): string {
  const all = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'string' && /^[^\s"]{1,60}$/.test(value) ? value : inspect(value, SHORT);
    return `${paint('dim', `${name}=`)}${text}`;
  });
  let width = 0;
  const fits = all.findIndex(
    (field) => (width += stripVTControlCharacters(field).length + 1) > MAX_FIELDS_WIDTH,
  );
  const shown = fits === -1 ? all : all.slice(0, fits);
  if (shown.length < all.length) shown.push(paint('dim', `… ${all.length - shown.length} more`));
  return shown.map((field) => `  ${field}`).join('');
}

const MAX_FIELDS_WIDTH = 160;
