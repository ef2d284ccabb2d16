import { readlinkSync } from 'node:fs';
import type { RecordableHistogram } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MessagePort } from 'node:worker_threads';
import { exit, getActiveResourcesInfo, setInterval } from '../src/builtins.ts';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { CompleteOutcome } from '../src/invocation/invocation.ts';
import { monotonicMs } from '../src/invocation/time.ts';
import type { FromThread, InvokeMessage, ReplyMessage, HandlerReport, ToThread } from '../src/protocol.ts';
import type { ThreadSettings } from '../src/thread-settings.ts';
import type { Writable } from '../src/writable.ts';
import { collectGarbage } from './collect-garbage.ts';
import { endWhenQuiet } from './end-when-quiet.ts';
import { loadInvoker } from './invoker.ts';
import type { Invoker } from './invoker.ts';
import { openLogging } from './logging/open-logging.ts';
import { reportUncaughtErrors } from './uncaught-errors.ts';

/**
 * The entry of a worker thread, called by piscina as its only task. The task is complete when this function returns. The
 * listener on the port then handles messages until the thread ends.
 */
export function serveThread({ port, ...settings }: ThreadSettings): void {
  let loaded: Loaded | undefined;
  port.on('message', (message: ToThread) => void receive(message, port, loaded));
  void load(port, settings, (handler) => (loaded = handler));
}

/** Loads the handler and reports `ready` or `start-failed`. */
async function load(
  port: MessagePort,
  { shared, eventLoopDelay, delayIntervalMs, ...settings }: Omit<ThreadSettings, 'port'>,
  onLoaded: (loaded: Loaded) => void,
): Promise<void> {
  try {
    const log = await openLogging(settings.log);
    // process.exit() is intercepted, because an immediate exit may abort the process while addons have work in flight.
    const stopReporting = reportUncaughtErrors(
      (message) => post(port, message),
      'thread',
      settings.ownsThread,
    );
    // While the thread exits, listeners may call process.exit().
    process.prependOnceListener('exit', stopReporting);
    const invoker = await loadInvoker(settings, shared, log.thrown, (message) =>
      post(port, message, message.type === 'stream-chunk' ? [message.bytes.buffer] : undefined),
    );
    onLoaded({ invoker, afterInvocation: watchHeap(port, settings.maxThreadHeapMb) });
    recordEventLoopDelay(eventLoopDelay, delayIntervalMs);
    post(port, { type: 'ready', streams: invoker.streams, osThread: osThread() });
  } catch (error) {
    post(port, { type: 'start-failed', diagnostic: encodeThrown(error) });
  }
}

interface Loaded {
  readonly invoker: Invoker;
  readonly afterInvocation: () => void;
}

async function receive(message: ToThread, port: MessagePort, loaded: Loaded | undefined): Promise<void> {
  switch (message.type) {
    case 'invoke':
      await run(message, (loaded as Loaded).invoker, port);
      return loaded?.afterInvocation();
    case 'stream-credit':
    case 'stream-closed':
      return loaded?.invoker.control(message);
    case 'ping':
      return post(port, {
        type: 'pong',
        ping: message.ping,
        resources: message.wantsResources ? activeResources() : undefined,
      });
    case 'collect-garbage':
      return collectGarbage();
    case 'shutdown':
      await loaded?.invoker.shutdown(message.timeoutMs);
      return post(port, { type: 'shutdown-complete' });
    case 'end':
      return endWhenQuiet(exit);
  }
}

async function run(message: InvokeMessage, invoker: Invoker, port: MessagePort): Promise<void> {
  const { outcome, background, report } = await invoker.invoke(message);
  if (outcome !== undefined) {
    const transfer =
      outcome.type === 'response' && typeof outcome.body !== 'string' ? [outcome.body.buffer] : [];
    const reply = replyTo(message, outcome, report);
    if (background === undefined) return post(port, reply, transfer);
    post(port, { ...reply, hasBackgroundWork: true }, transfer);
    return post(port, {
      type: 'settled',
      invocationId: message.invocationId,
      backgroundFailed: !(await background),
    });
  }
  post(port, {
    type: 'settled',
    invocationId: message.invocationId,
    backgroundFailed: (await background) === false,
    stream: { report, background: background !== undefined },
  });
}

/** Copies the report field by field, because spreading a second object costs 9 µs. */
function replyTo(
  { invocationId }: InvokeMessage,
  outcome: CompleteOutcome,
  report: HandlerReport,
): ReplyMessage {
  const { startedMs, handlerMs, cpuMs, heapUsedBytes } = report;
  const reply: Writable<ReplyMessage> = { ...outcome, invocationId, startedMs, handlerMs };
  if (cpuMs !== undefined) reply.cpuMs = cpuMs;
  if (heapUsedBytes !== undefined) reply.heapUsedBytes = heapUsedBytes;
  return reply;
}

function post(port: MessagePort, message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Records the delay of the event loop in ns. The main thread reads the histogram. */
function recordEventLoopDelay(delays: RecordableHistogram, intervalMs: number): void {
  let dueMs = monotonicMs() + intervalMs;
  const timer = setInterval(() => {
    const nowMs = monotonicMs();
    delays.record(Math.max(1, Math.round((nowMs - dueMs) * NS_PER_MS)));
    dueMs = nowMs + intervalMs;
  }, intervalMs);
  timer.unref();
}

/** Without the runtime's own resources. It has only ports and unreferenced timers in a thread; Node.js does not list the latter. */
function activeResources(): string[] {
  return getActiveResourcesInfo().filter((type) => type !== 'MessagePort');
}

/** The operating system's id of this thread, which the main thread uses to read its CPU time. */
function osThread(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

const NS_PER_MS = 1e6;

/** Returns a function to call after each invocation, which reports a heap that exceeds the limit to the main thread. */
function watchHeap(port: MessagePort, limitMb: number | undefined): () => void {
  if (limitMb === undefined) return () => undefined;
  const limitBytes = limitMb * 1024 * 1024;
  return () => {
    if (getHeapStatistics().used_heap_size > limitBytes)
      port.postMessage({ type: 'heap-threshold-exceeded' } satisfies FromThread);
  };
}
