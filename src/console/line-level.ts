import { LOG_LEVELS } from '../thread-settings.ts';

/** The level that a line names, in capitals: in the two formats of Lambda, or as pino writes it, in numbers. */
export function levelOf(line: string): string | undefined {
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
