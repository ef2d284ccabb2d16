import { AsyncResource } from 'node:async_hooks';
import { finished } from 'node:stream/promises';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import { failureOutcome } from '../src/invocation/invocation.ts';
import type { CompleteOutcome } from '../src/invocation/invocation.ts';
import type { InvokeMessage, StreamControl, StreamMessage } from '../src/protocol.ts';
import { HIGH_WATER_MARK, STREAMING } from './awslambda.ts';
import type { StreamingHandler } from './awslambda.ts';
import type { Codec } from './codec.ts';
import { HandlerError } from './handler-error.ts';
import type { InvocationContext } from './invocation-context.ts';
import type { HandlerErrorLog } from './logging/handler-error-log.ts';
import { ResponseStream, truncated } from './response-stream.ts';

/**
 * Whether the handler streams its response.
 *
 * @throws HandlerError `Runtime.MalformedStreamingHandler` if it is marked to stream anything other than the response.
 */
export function isStreaming(handler: object): handler is StreamingHandler {
  const mark = (handler as { [STREAMING]?: unknown })[STREAMING];
  if (mark === undefined || mark === 'response') return mark === 'response';
  throw new HandlerError(
    'Runtime.MalformedStreamingHandler',
    `The handler is marked to stream ${JSON.stringify(mark)}; only responses can be streamed.`,
  );
}

/** Runs a streaming handler and forwards flow control from the main thread to its streams. */
export class StreamingInvocations {
  readonly #handler: StreamingHandler;
  readonly #codec: Codec;
  readonly #log: HandlerErrorLog;
  readonly #post: (message: StreamMessage) => void;
  readonly #open = new Map<number, (message: StreamControl) => void>();

  constructor(
    handler: StreamingHandler,
    codec: Codec,
    log: HandlerErrorLog,
    post: (message: StreamMessage) => void,
  ) {
    this.#handler = handler;
    this.#codec = codec;
    this.#log = log;
    this.#post = post;
  }

  /** Resolves when handler and stream have ended. The outcome is an error if nothing was sent before it, else undefined. */
  async run(message: InvokeMessage, context: InvocationContext): Promise<CompleteOutcome | undefined> {
    const stream = new ResponseStream(message.invocationId, this.#post, highWaterMark(this.#handler));
    const done = finished(stream);
    // It may reject before it is awaited.
    done.catch(() => undefined);
    // Binds listeners, for example of `drain`, to this invocation.
    this.#open.set(
      message.invocationId,
      AsyncResource.bind((control: StreamControl) => applyControl(stream, control)),
    );
    try {
      return await this.#call(message, context, stream, done);
    } finally {
      this.#open.delete(message.invocationId);
    }
  }

  control(message: StreamControl): void {
    this.#open.get(message.invocationId)?.(message);
  }

  async #call(
    message: InvokeMessage,
    context: InvocationContext,
    stream: ResponseStream,
    done: Promise<void>,
  ): Promise<CompleteOutcome | undefined> {
    const failed = (thrown: unknown) => {
      // The side that closed the stream has already logged the reason.
      if (!stream.isClosing(thrown)) this.#log.invocationFailed(thrown, message.metadata);
    };
    try {
      // Called without a receiver, so that `this` is not an object of the runtime.
      const handler = this.#handler;
      await handler(this.#codec.decode(message.event), stream, context);
    } catch (error) {
      failed(error);
      // After end() the response counts as complete; the rest of the handler is background work.
      if (stream.writableEnded) context.backgroundFailed();
      else if (stream.opened) stream.fail(error);
      else stream.destroy();
      await done.catch(() => undefined);
      return stream.opened ? undefined : failureOutcome(encodeThrown(error));
    }
    try {
      await done;
      return undefined;
    } catch {
      const error = stream.errored ?? truncated();
      failed(error);
      // The response was complete, for example before a write after the end was reported.
      if (stream.writableFinished) context.backgroundFailed();
      return stream.opened ? undefined : failureOutcome(encodeThrown(error));
    }
  }
}

function applyControl(stream: ResponseStream, control: StreamControl): void {
  if (control.type === 'stream-credit') stream.credit(control.bytes, control.buffers);
  else stream.close(control.reason);
}

/** Undefined for a mark that Node.js does not accept, because its error would fail every invocation. */
function highWaterMark(handler: StreamingHandler): number | undefined {
  const mark = (handler as { [HIGH_WATER_MARK]?: unknown })[HIGH_WATER_MARK];
  if (typeof mark !== 'number' && typeof mark !== 'string') return undefined;
  const bytes = Number.parseInt(String(mark), 10);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}
