import { AsyncLocalStorage } from 'node:async_hooks';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { Outcome } from '../src/invocation/outcome.ts';
import { failure } from '../src/invocation/outcome.ts';
import type { InvokeMessage, InvokerSettings } from '../src/protocol.ts';
import { loadCodec } from './codec.ts';
import type { Codec } from './codec.ts';
import { InvocationContext } from './context.ts';
import type { Handler } from './context.ts';
import { loadHandler } from './handler-loader.ts';
import { runShutdownHooks } from './shutdown-hooks.ts';

/** Runs the user's handler: bytes in, outcome out. The same in a thread and in the main thread. */
export interface Invoker {
  /** Never rejects: what the handler throws is its outcome. */
  invoke(message: InvokeMessage): Promise<Outcome>;
  /** Runs the hooks that the handler's module has declared, for that many ms at most. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** The run to which the code that is running belongs, across timers and promises. */
export const currentRun = new AsyncLocalStorage<Pick<InvokeMessage, 'run' | 'metadata'>>();

/** Loads the user's module. Rejects with what Lambda should hear as the init error. */
export async function loadInvoker(settings: InvokerSettings): Promise<Invoker> {
  const codec = await loadCodec(settings.codec);
  const handler = await loadHandler(settings.handler);
  return {
    invoke: (message) => currentRun.run(message, invoke, handler, codec, message, settings),
    shutdown: runShutdownHooks,
  };
}

async function invoke(
  handler: Handler,
  codec: Codec,
  message: InvokeMessage,
  settings: InvokerSettings,
): Promise<Outcome> {
  let context: InvocationContext | undefined;
  try {
    context = new InvocationContext(message.metadata, settings);
    const result = await handler(codec.decode(message.event), context);
    return { type: 'response', body: codec.encode(result), contentType: codec.contentType };
  } catch (error) {
    return failure(encodeThrown(error));
  } finally {
    context?.finish();
  }
}
