/** Formats a duration with about three significant digits. */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

/** Formats the time of day to the second or the millisecond. */
export function timeOfDay(at: number, digits: 0 | 3 = 0): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString('en-GB');
  return digits === 0 ? time : `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

export function count(number: number): string {
  return number >= 100 || Number.isInteger(number) ? String(Math.round(number)) : number.toFixed(1);
}

/** Shortens a request id to its first part, which identifies it among a few hundred. */
export function shortId(requestId: string): string {
  return requestId.slice(0, 8);
}

export function threadName(thread: number): string {
  return thread === 0 ? 'main thread' : `thread ${thread}`;
}
