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

/** Browsers say where it is in their own ways. */
function lineOf(message: string, text: string): number | undefined {
  const line = /line (\d+)/.exec(message)?.[1];
  if (line !== undefined) return Number(line);
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return text.slice(0, Number(position)).split('\n').length;
  return /end of JSON|end of data/.test(message) ? text.split('\n').length : undefined;
}

function readable(message: string): string {
  return message.replace(/^JSON\.parse: /, '').replace(/ in JSON at position \d+ \(line/, ' (line');
}
