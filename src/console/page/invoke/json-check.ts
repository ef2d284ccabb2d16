/** A JSON syntax error, with its line if known. */
export interface JsonFault {
  readonly message: string;
  readonly line: number | undefined;
}

/** Returns the syntax error of a text; undefined if it is valid JSON. */
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

/** Each browser reports the position in its own format, or not at all. */
function lineOf(message: string, text: string): number | undefined {
  const line = /line (\d+)/.exec(message)?.[1];
  if (line !== undefined) return Number(line);
  const position = positionOf(message, text);
  return position === undefined ? undefined : text.slice(0, position).split('\n').length;
}

function positionOf(message: string, text: string): number | undefined {
  const reported = /position (\d+)/.exec(message)?.[1];
  if (reported !== undefined) return Number(reported);
  if (/end of JSON|end of data/.test(message)) return text.length;
  const firstInvalid = text.length - text.replace(TOKENS, '').length;
  if (firstInvalid < text.length) return firstInvalid;
  const around = /^Unexpected token .*, \.\.\."([^]*)"(?:\.\.\.)? is not valid JSON$/.exec(message)?.[1];
  return around === undefined ? undefined : text.indexOf(around) + CONTEXT_LENGTH;
}

/** Matches the valid JSON tokens at the beginning of a text, in any order. */
const TOKENS =
  /^(?:\s+|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b|[{}[\],:])*/;

/** The number of characters that V8's message shows before the invalid one. */
const CONTEXT_LENGTH = 10;
