/** Whether the value can be the value of an HTTP header: text without control characters. It may be empty. */
export function isContentType(value: unknown): value is string {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
