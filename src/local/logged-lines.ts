import { BroadcastChannel } from 'node:worker_threads';
import { LOGGED_LINES_CHANNEL } from '../protocol.ts';
import type { LoggedLine } from '../protocol.ts';

/** Has each line heard that the code of handlers writes, in whichever thread. Returns what ends that. */
export function hearLoggedLines(onLine: (line: LoggedLine) => void): () => void {
  const channel = new BroadcastChannel(LOGGED_LINES_CHANNEL);
  channel.onmessage = (event) => onLine((event as { readonly data: LoggedLine }).data);
  return () => channel.close();
}
