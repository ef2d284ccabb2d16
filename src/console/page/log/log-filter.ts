import type { LoggedText } from '../../messages.ts';

export const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type Level = (typeof LEVELS)[number];

/** Returns the lines that contain all words and have at least the given level. A line without a level counts as INFO. */
export function filtered(lines: readonly LoggedText[], words: string, least: Level): LoggedText[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return lines.filter(({ text, level, requestId = '' }) => {
    const whole = `${requestId} ${text}`.toLowerCase();
    return wanted.every((word) => whole.includes(word)) && rank(level) >= LEVELS.indexOf(least);
  });
}

function rank(level: string | undefined): number {
  const at = LEVELS.findIndex((each) => each === level);
  return at === -1 ? LEVELS.indexOf('INFO') : at;
}
