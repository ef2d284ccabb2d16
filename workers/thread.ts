/** The entry of a worker thread, which piscina starts: one run, as long as the thread lives. */
import type { MessagePort } from 'node:worker_threads';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { FromThread, InvokeMessage, ThreadSettings, ToThread } from '../src/protocol.ts';
import { watchHeap } from './heap-watch.ts';
import { reportEscapes } from './escapes.ts';
import { loadInvoker } from './invoker.ts';
import type { Invoker } from './invoker.ts';
import { openLogging } from './logging/open-logging.ts';

/** Loads the handler, then runs what comes over the port. Never resolves: the main thread ends the thread. */
export async function serve({ port, shared, ...settings }: ThreadSettings): Promise<never> {
  await openLogging(settings.log);
  reportEscapes((message) => post(port, message), process.exit.bind(process));
  try {
    const invoker = await loadInvoker(settings, shared, (message) =>
      post(port, message, message.type === 'stream-chunk' ? [message.bytes.buffer] : undefined),
    );
    const afterRun = watchHeap(port, settings.maxThreadHeapMb);
    port.on('message', (message: ToThread) => void receive(message, invoker, port, afterRun));
    post(port, { type: 'ready', streams: invoker.streams });
  } catch (error) {
    post(port, { type: 'boot-failed', diagnostic: encodeThrown(error) });
  }
  return new Promise(() => {});
}

async function receive(
  message: ToThread,
  invoker: Invoker,
  port: MessagePort,
  afterRun: () => void,
): Promise<void> {
  switch (message.type) {
    case 'invoke':
      await run(message, invoker, port);
      return afterRun();
    case 'stream-credit':
    case 'stream-closed':
      return invoker.control(message);
    case 'ping':
      return post(port, { type: 'pong', ping: message.ping });
    case 'shutdown':
      await invoker.shutdown(message.timeoutMs);
      return post(port, { type: 'bye' });
  }
}

async function run(message: InvokeMessage, invoker: Invoker, port: MessagePort): Promise<void> {
  const { outcome, background } = await invoker.invoke(message);
  if (outcome !== undefined) {
    const transfer =
      outcome.type === 'response' && typeof outcome.body !== 'string' ? [outcome.body.buffer] : [];
    if (background === undefined) return post(port, { ...outcome, run: message.run }, transfer);
    post(port, { ...outcome, run: message.run, settled: false }, transfer);
  }
  await background;
  post(port, { type: 'settled', run: message.run });
}

function post(port: MessagePort, message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
