import { getHeapStatistics } from 'node:v8';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import { monotonicMs, usedCpuMs } from '../src/invocation/time.ts';
import type { CompleteOutcome } from '../src/invocation/invocation.ts';
import { failureOutcome } from '../src/invocation/invocation.ts';
import { LONG_MS } from '../src/protocol.ts';
import type {
  InvokeMessage,
  LoadedHandler,
  HandlerReport,
  StreamControl,
  StreamMessage,
} from '../src/protocol.ts';
import type { InvokerSettings, SharedState } from '../src/thread-settings.ts';
import type { Writable } from '../src/writable.ts';
import { extendAwslambda } from './awslambda.ts';
import { loadCodec } from './codec.ts';
import type { Codec } from './codec.ts';
import type { Handler } from './context.ts';
import { loadHandler } from './handler-loader.ts';
import { InvocationContext } from './invocation-context.ts';
import { forgetLatest, loadInStore, openInvokeStore, runInInvokeStore } from './invoke-store.ts';
import type { CurrentInvocation } from './invoke-store.ts';
import type { HandlerErrorLog } from './logging/handler-error-log.ts';
import { connectServices } from './services.ts';
import { setSharedData } from './shared-data.ts';
import { runShutdownHooks } from './shutdown-hooks.ts';
import { isStreaming, StreamingInvocations } from './streaming.ts';

/** Decodes events, runs the handler and encodes results, in a worker thread or on the main thread. */
export interface Invoker extends LoadedHandler {
  /** Never rejects: an error of the handler becomes its outcome. */
  invoke(message: InvokeMessage): Promise<Invoked>;
  /** Handles flow control of a response stream. */
  control(message: StreamControl): void;
  /** Runs the shutdown hooks for at most `timeoutMs`. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** The result of an invocation whose handler has settled. */
interface Invoked {
  /** Undefined if the response was streamed; the messages of the stream carry it. */
  readonly outcome: CompleteOutcome | undefined;
  /** Resolves when the background work has settled, with whether all of it succeeded; undefined if there is none. */
  readonly background: Promise<boolean> | undefined;
  readonly report: HandlerReport;
}

/** Loads the user's module. Rejects with the error to report as the init error. */
export async function loadInvoker(
  settings: InvokerSettings,
  shared: SharedState,
  log: HandlerErrorLog,
  post: (message: StreamMessage) => void,
): Promise<Invoker> {
  await openInvokeStore();
  extendAwslambda();
  setSharedData(shared.data);
  await connectServices(shared.services);
  const codec = await loadCodec(settings.codec);
  const handler = await loadInStore(() => loadHandler(settings.handler));
  const streams = isStreaming(handler) ? new StreamingInvocations(handler, codec, log, post) : undefined;
  const callHandler: HandlerCall =
    streams === undefined
      ? (message, context) => respond(handler, codec, log, message, context)
      : (message, context) => streams.run(message, context);
  return {
    async invoke(message) {
      const start = startOf(message, settings);
      let context: InvocationContext;
      try {
        context = new InvocationContext(message.metadata, settings, log.backgroundFailed);
      } catch (error) {
        log.invocationFailed(error, message.metadata);
        const outcome = failureOutcome(encodeThrown(error));
        return { outcome, background: undefined, report: reportOf(message, start, true) };
      }
      if (settings.ownsThread) setTraceId(message.metadata.traceId);
      const current = { message, context };
      return runInInvokeStore(current, () => run(callHandler, current, start));
    },
    streams: streams !== undefined,
    control: (message) => streams?.control(message),
    shutdown: runShutdownHooks,
  };
}

/** Sets the variable that tracers for one invocation at a time read. */
function setTraceId(traceId: string | undefined): void {
  try {
    if (traceId === undefined) delete process.env['_X_AMZN_TRACE_ID'];
    else process.env['_X_AMZN_TRACE_ID'] = traceId;
  } catch {
    // User code has frozen or removed process.env.
  }
}

type HandlerCall = (
  message: InvokeMessage,
  context: InvocationContext,
) => Promise<CompleteOutcome | undefined>;

async function run(
  callHandler: HandlerCall,
  current: CurrentInvocation & { readonly message: InvokeMessage },
  start: Start,
): Promise<Invoked> {
  const { message, context } = current;
  const outcome = await callHandler(message, context);
  const report = reportOf(message, start, outcome?.type === 'failure');
  const { background } = context;
  if (background === undefined) finish(current);
  else void background.then(() => finish(current));
  return { outcome, background, report };
}

function finish(current: CurrentInvocation): void {
  current.context.finish();
  forgetLatest(current);
}

/** The clocks at the start of an invocation. */
interface Start {
  readonly startedMs: number;
  /** The CPU time of the thread; undefined if it is not measured. */
  readonly cpuMs: number | undefined;
}

function startOf({ wantsUsage }: InvokeMessage, { ownsThread, measuresCpu }: InvokerSettings): Start {
  const cpuMs = ownsThread && (measuresCpu || wantsUsage) ? usedCpuMs() : undefined;
  return { startedMs: monotonicMs(), cpuMs };
}

function reportOf(
  { wantsUsage }: InvokeMessage,
  { startedMs, cpuMs: cpuMsAtStart }: Start,
  hasFailed: boolean,
): HandlerReport {
  const handlerMs = monotonicMs() - startedMs;
  const report: Writable<HandlerReport> = { startedMs, handlerMs };
  const reportsUsage = wantsUsage || hasFailed;
  if (cpuMsAtStart !== undefined && (reportsUsage || handlerMs >= LONG_MS))
    report.cpuMs = (usedCpuMs() ?? cpuMsAtStart) - cpuMsAtStart;
  if (reportsUsage) report.heapUsedBytes = getHeapStatistics().used_heap_size;
  return report;
}

async function respond(
  handler: Handler,
  codec: Codec,
  log: HandlerErrorLog,
  message: InvokeMessage,
  context: InvocationContext,
): Promise<CompleteOutcome> {
  try {
    const result = await handler(codec.decode(message.event), context);
    return { type: 'response', body: codec.encode(result), contentType: codec.contentType };
  } catch (error) {
    // Logged before the answer, because Lambda may end the environment after it.
    log.invocationFailed(error, message.metadata);
    return failureOutcome(encodeThrown(error));
  }
}
