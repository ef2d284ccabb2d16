import { subscribe, unsubscribe } from 'node:diagnostics_channel';

type Moment = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';

/** Listens to some moments of a tracing channel. Returns what ends it, which says whether it had not been ended before. */
export function listen<Context>(
  channel: string,
  listeners: Partial<Record<Moment, (context: Context) => void>>,
): () => boolean {
  const added = Object.entries(listeners).map(([moment, listener]) => {
    const name = `tracing:${channel}:${moment}`;
    const onMessage = (message: unknown) => listener(message as Context);
    subscribe(name, onMessage);
    return () => unsubscribe(name, onMessage);
  });
  return () => added.map((remove) => remove()).includes(true);
}
