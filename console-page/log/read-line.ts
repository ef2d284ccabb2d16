/** A log line, with what can be read out of it. */
export interface ReadLine {
  readonly level: string | undefined;
  readonly message: string;
}

/** Reads the two formats of Lambda; any other line is its own message. */
export function readLine(text: string): ReadLine {
  const [, level, message] = TEXT_FORMAT.exec(text) ?? [];
  if (level !== undefined && message !== undefined) return { level, message };
  const fields = text.startsWith('{') ? parse(text) : undefined;
  if (fields === undefined) return { level: undefined, message: text };
  const { level: given, message: said, msg, timestamp: _timestamp, requestId: _requestId, ...rest } = fields;
  const body = said ?? msg;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return {
    level: typeof given === 'string' ? given.toUpperCase() : undefined,
    message: body === undefined ? text : (typeof body === 'string' ? body : JSON.stringify(body)) + more,
  };
}

const TEXT_FORMAT = /^\d{4}-\S+Z\t[^\t]*\t([A-Z]+)\t([^]*)$/;

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
