import { subscribe, unsubscribe } from 'node:diagnostics_channel';

type Moment = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';

/** Listens to some moments of a tracing channel. Returns what ends it. */
export function listen<Context>(
  channel: string,
  listeners: Partial<Record<Moment, (context: Context) => void>>,
): () => void {
  const added = Object.entries(listeners).map(([moment, listener]) => {
    const name = `tracing:${channel}:${moment}`;
    const onMessage = (message: unknown) => listener(message as Context);
    subscribe(name, onMessage);
    return () => unsubscribe(name, onMessage);
  });
  return () => {
    for (const remove of added) remove();
  };
}
