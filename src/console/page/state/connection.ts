import { batch, signal } from '@preact/signals';
import type { Snapshot, Update } from '../../messages.ts';
import { CONSOLE } from './server.ts';
import { take, takeAll } from './store.ts';

export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');

/** Subscribes to the server's events. The browser reconnects by itself when the connection is lost. */
export function connect(): void {
  const events = new EventSource(`${CONSOLE}/events`);
  events.addEventListener('snapshot', ({ data }: MessageEvent<string>) =>
    batch(() => {
      connection.value = 'live';
      takeAll(JSON.parse(data) as Snapshot);
    }),
  );
  events.addEventListener('update', ({ data }: MessageEvent<string>) =>
    batch(() => take(JSON.parse(data) as Update)),
  );
  events.addEventListener('error', () => {
    connection.value = 'lost';
    // A response that is not an event stream closes the EventSource permanently.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}
