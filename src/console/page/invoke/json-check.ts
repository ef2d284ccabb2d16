/** What is wrong with text that should be JSON, and in which line, where that is known. */
export interface JsonFault {
  readonly message: string;
  readonly line: number | undefined;
}

/** Undefined when it is JSON. */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const { message } = error as SyntaxError;
    return { message: readable(message), line: lineOf(message, text) };
  }
}

function readable(message: string): string {
  return message.replace(/^JSON\.parse: /, '').replace(/ in JSON at position \d+ \(line/, ' (line');
}

/** Browsers say where it is in their own ways, and sometimes not at all. */
function lineOf(message: string, text: string): number | undefined {
  const line = /line (\d+)/.exec(message)?.[1];
  if (line !== undefined) return Number(line);
  const position = positionOf(message, text);
  return position === undefined ? undefined : text.slice(0, position).split('\n').length;
}

function positionOf(message: string, text: string): number | undefined {
  const told = /position (\d+)/.exec(message)?.[1];
  if (told !== undefined) return Number(told);
  if (/end of JSON|end of data/.test(message)) return text.length;
  const unreadable = text.length - text.replace(TOKENS, '').length;
  if (unreadable < text.length) return unreadable;
  const around = /^Unexpected token .*, \.\.\."([^]*)"(?:\.\.\.)? is not valid JSON$/.exec(message)?.[1];
  return around === undefined ? undefined : text.indexOf(around) + SHOWN_BEFORE;
}

/** Whatever JSON consists of, from the beginning, in any order. */
const TOKENS =
  /^(?:\s+|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b|[{}[\],:])*/;

/** V8 shows so many characters before the one that it complains about. */
const SHOWN_BEFORE = 10;
