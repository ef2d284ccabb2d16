import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { Outcome } from '../src/invocation/outcome.ts';
import { failure } from '../src/invocation/outcome.ts';
import type { InvokeMessage, InvokerSettings, SharedState } from '../src/protocol.ts';
import { loadCodec } from './codec.ts';
import type { Codec } from './codec.ts';
import type { ReportBackgroundFailure } from './background-work.ts';
import { InvocationContext } from './context.ts';
import type { Handler } from './context.ts';
import { loadHandler } from './handler-loader.ts';
import { loadInStore, openInvokeStore, runInStore } from './invoke-store.ts';
import { connectServices } from './services.ts';
import { setSharedData } from './shared-data.ts';
import { runShutdownHooks } from './shutdown-hooks.ts';

/** Runs the user's handler: bytes in, outcome out. The same in a thread and in the main thread. */
export interface Invoker {
  /** Never rejects: what the handler throws is its outcome. */
  invoke(message: InvokeMessage): Promise<Invoked>;
  /** Runs the hooks that the handler's module has declared, for that many ms at most. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** A handler that has settled. */
export interface Invoked {
  readonly outcome: Outcome;
  /** What it has left behind with `waitUntil`, if anything: resolves when all of it has settled. */
  readonly background: Promise<void> | undefined;
}

/** Loads the user's module. Rejects with what Lambda should hear as the init error. */
export async function loadInvoker(
  settings: InvokerSettings,
  shared: SharedState,
  reportFailure: ReportBackgroundFailure,
): Promise<Invoker> {
  await openInvokeStore();
  setSharedData(shared.data);
  if (shared.services !== undefined) await connectServices(shared.services);
  const codec = await loadCodec(settings.codec);
  const handler = await loadInStore(() => loadHandler(settings.handler));
  return {
    async invoke(message) {
      let context: InvocationContext;
      try {
        context = new InvocationContext(message.metadata, settings, reportFailure);
      } catch (error) {
        return { outcome: failure(encodeThrown(error)), background: undefined };
      }
      if (settings.ownsThread) setTraceId(message.metadata.traceId);
      return runInStore({ message, context }, () => run(handler, codec, message, context));
    },
    shutdown: runShutdownHooks,
  };
}

/** Where tracers look that know of one invocation at a time only. */
function setTraceId(traceId: string | undefined): void {
  if (traceId === undefined) delete process.env['_X_AMZN_TRACE_ID'];
  else process.env['_X_AMZN_TRACE_ID'] = traceId;
}

async function run(
  handler: Handler,
  codec: Codec,
  message: InvokeMessage,
  context: InvocationContext,
): Promise<Invoked> {
  const outcome = await settle(handler, codec, message, context);
  const { background } = context;
  if (background === undefined) context.finish();
  else void background.then(() => context.finish());
  return { outcome, background };
}

async function settle(
  handler: Handler,
  codec: Codec,
  message: InvokeMessage,
  context: InvocationContext,
): Promise<Outcome> {
  try {
    const result = await handler(codec.decode(message.event), context);
    return { type: 'response', body: codec.encode(result), contentType: codec.contentType };
  } catch (error) {
    return failure(encodeThrown(error));
  }
}
