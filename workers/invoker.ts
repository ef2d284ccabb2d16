import { getHeapStatistics } from 'node:v8';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import { monotonicMs } from '../src/invocation/time.ts';
import type { SettledOutcome } from '../src/invocation/invocation.ts';
import { failure } from '../src/invocation/invocation.ts';
import type {
  InvokeMessage,
  LoadedHandler,
  HandlerReport,
  StreamControl,
  StreamMessage,
} from '../src/protocol.ts';
import type { InvokerSettings, SharedState } from '../src/thread-settings.ts';
import { extendAwslambda } from './awslambda.ts';
import { loadCodec } from './codec.ts';
import type { Codec } from './codec.ts';
import type { Handler } from './context.ts';
import { loadHandler } from './handler-loader.ts';
import { InvocationContext } from './invocation-context.ts';
import { leaveStore, loadInStore, openInvokeStore, runInInvokeStore } from './invoke-store.ts';
import type { CurrentInvocation } from './invoke-store.ts';
import type { ThrownLog } from './logging/thrown-log.ts';
import { connectServices } from './services.ts';
import { setSharedData } from './shared-data.ts';
import { runShutdownHooks } from './shutdown-hooks.ts';
import { isStreaming, StreamingInvocations } from './streaming.ts';

/** Runs the user's handler: bytes in, outcome out. The same in a thread and in the main thread. */
export interface Invoker extends LoadedHandler {
  /** Never rejects: what the handler throws is its outcome. */
  invoke(message: InvokeMessage): Promise<Invoked>;
  /** What the reader of a stream has to say. */
  control(message: StreamControl): void;
  /** Runs the hooks that the handler's module has declared, for that many ms at most. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** A handler that has settled. */
interface Invoked {
  /** Undefined when it has streamed its response: the messages of the stream have told. */
  readonly outcome: SettledOutcome | undefined;
  /** What it has left behind with `waitUntil`, if anything: resolves when all of it has settled. */
  readonly background: Promise<void> | undefined;
  readonly report: HandlerReport;
}

/** Loads the user's module. Rejects with what Lambda should hear as the init error. */
export async function loadInvoker(
  settings: InvokerSettings,
  shared: SharedState,
  log: ThrownLog,
  post: (message: StreamMessage) => void,
): Promise<Invoker> {
  await openInvokeStore();
  extendAwslambda();
  setSharedData(shared.data);
  if (shared.services !== undefined) await connectServices(shared.services);
  const codec = await loadCodec(settings.codec);
  const handler = await loadInStore(() => loadHandler(settings.handler));
  const streams = isStreaming(handler) ? new StreamingInvocations(handler, codec, log, post) : undefined;
  const settle: Settle =
    streams === undefined
      ? (message, context) => answer(handler, codec, log, message, context)
      : (message, context) => streams.run(message, context);
  return {
    async invoke(message) {
      const startedMs = monotonicMs();
      let context: InvocationContext;
      try {
        context = new InvocationContext(message.metadata, settings, log.backgroundFailed);
      } catch (error) {
        log.invocationFailed(error, message.metadata);
        const outcome = failure(encodeThrown(error));
        return { outcome, background: undefined, report: reportOf(message, startedMs) };
      }
      if (settings.ownsThread) setTraceId(message.metadata.traceId);
      const current = { message, context };
      return runInInvokeStore(current, () => run(settle, current, startedMs));
    },
    streams: streams !== undefined,
    control: (message) => streams?.control(message),
    shutdown: runShutdownHooks,
  };
}

/** Where tracers look that know of one invocation at a time only. */
function setTraceId(traceId: string | undefined): void {
  try {
    if (traceId === undefined) delete process.env['_X_AMZN_TRACE_ID'];
    else process.env['_X_AMZN_TRACE_ID'] = traceId;
  } catch {
    // Code of the function has frozen or removed process.env.
  }
}

type Settle = (message: InvokeMessage, context: InvocationContext) => Promise<SettledOutcome | undefined>;

async function run(
  settle: Settle,
  current: CurrentInvocation & { readonly message: InvokeMessage },
  startedMs: number,
): Promise<Invoked> {
  const { message, context } = current;
  const outcome = await settle(message, context);
  const report = reportOf(message, startedMs);
  const { background } = context;
  if (background === undefined) finish(current);
  else void background.then(() => finish(current));
  return { outcome, background, report };
}

function finish(current: CurrentInvocation): void {
  current.context.finish();
  leaveStore(current);
}

function reportOf({ wantsHeap }: InvokeMessage, startedMs: number): HandlerReport {
  const handlerMs = monotonicMs() - startedMs;
  if (!wantsHeap) return { startedMs, handlerMs };
  return { startedMs, handlerMs, heapUsedBytes: getHeapStatistics().used_heap_size };
}

async function answer(
  handler: Handler,
  codec: Codec,
  log: ThrownLog,
  message: InvokeMessage,
  context: InvocationContext,
): Promise<SettledOutcome> {
  try {
    const result = await handler(codec.decode(message.event), context);
    return { type: 'response', body: codec.encode(result), contentType: codec.contentType };
  } catch (error) {
    // Before the caller hears of it, who may end the environment.
    log.invocationFailed(error, message.metadata);
    return failure(encodeThrown(error));
  }
}
