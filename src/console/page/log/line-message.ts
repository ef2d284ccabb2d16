/** Returns the message of a log line in one of Lambda's two formats. Any other line is returned unchanged. */
export function messageOf(text: string): string {
  const [, message] = TEXT_FORMAT.exec(text) ?? [];
  if (message !== undefined) return message;
  const fields = text.startsWith('{') ? parse(text) : undefined;
  if (fields === undefined) return text;
  const {
    level: _level,
    message: said,
    msg,
    timestamp: _timestamp,
    time: _time,
    requestId: _requestId,
    ...rest
  } = fields;
  const body = said ?? msg;
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return body === undefined ? text : (typeof body === 'string' ? body : JSON.stringify(body)) + more;
}

const TEXT_FORMAT = /^\d{4}-\S+Z\t[^\t]*\t[A-Z]+\t([^]*)$/;

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
