/** The entry of a worker thread, which piscina starts: one run, as long as the thread lives. */
import type { MessagePort } from 'node:worker_threads';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { SettledOutcome } from '../src/invocation/outcome.ts';
import type { FromThread, InvokeMessage, ReplyMessage, RunReport, ToThread } from '../src/protocol.ts';
import type { ThreadSettings } from '../src/thread-settings.ts';
import { watchHeap } from './heap-watch.ts';
import { reportEscapes } from './escapes.ts';
import { loadInvoker } from './invoker.ts';
import type { Invoker } from './invoker.ts';
import { openLogging } from './logging/open-logging.ts';
import { osThread, recordEventLoopDelay } from './vitals.ts';

/** Loads the handler, then runs what comes over the port. Never resolves: the main thread ends the thread. */
export async function serve({ port, shared, eventLoopDelay, ...settings }: ThreadSettings): Promise<never> {
  await openLogging(settings.log);
  reportEscapes((message) => post(port, message), process.exit.bind(process));
  try {
    const invoker = await loadInvoker(settings, shared, (message) =>
      post(port, message, message.type === 'stream-chunk' ? [message.bytes.buffer] : undefined),
    );
    const afterRun = watchHeap(port, settings.maxThreadHeapMb);
    port.on('message', (message: ToThread) => void receive(message, invoker, port, afterRun));
    recordEventLoopDelay(eventLoopDelay);
    post(port, { type: 'ready', streams: invoker.streams, osThread: osThread() });
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
  const { outcome, background, report } = await invoker.invoke(message);
  if (outcome !== undefined) {
    const transfer =
      outcome.type === 'response' && typeof outcome.body !== 'string' ? [outcome.body.buffer] : [];
    const reply = replyTo(message, outcome, report);
    if (background === undefined) return post(port, reply, transfer);
    post(port, { ...reply, settled: false }, transfer);
    await background;
    return post(port, { type: 'settled', run: message.run });
  }
  await background;
  post(port, {
    type: 'settled',
    run: message.run,
    stream: { report, background: background !== undefined },
  });
}

/** Field by field: to spread a second object costs 9 µs. */
function replyTo({ run }: InvokeMessage, outcome: SettledOutcome, report: RunReport): ReplyMessage {
  const { startedMs, handlerMs, heapUsedBytes } = report;
  if (heapUsedBytes === undefined) return { ...outcome, run, startedMs, handlerMs };
  return { ...outcome, run, startedMs, handlerMs, heapUsedBytes };
}

function post(port: MessagePort, message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
