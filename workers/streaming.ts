import { AsyncResource } from 'node:async_hooks';
import { finished } from 'node:stream/promises';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import { failure } from '../src/invocation/invocation.ts';
import type { SettledOutcome } from '../src/invocation/invocation.ts';
import type { InvokeMessage, StreamControl, StreamMessage } from '../src/protocol.ts';
import { HIGH_WATER_MARK, STREAMING } from './awslambda.ts';
import type { StreamingHandler } from './awslambda.ts';
import type { Codec } from './codec.ts';
import { HandlerError } from './handler-error.ts';
import type { InvocationContext } from './invocation-context.ts';
import type { ThrownLog } from './logging/thrown-log.ts';
import { ResponseStream, truncated } from './response-stream.ts';

/**
 * Whether the handler streams its response.
 *
 * @throws HandlerError `Runtime.MalformedStreamingHandler` when it is marked to stream something else.
 */
export function isStreaming(handler: object): handler is StreamingHandler {
  const mark = (handler as { [STREAMING]?: unknown })[STREAMING];
  if (mark === undefined || mark === 'response') return mark === 'response';
  throw new HandlerError(
    'Runtime.MalformedStreamingHandler',
    `The handler is marked to stream ${JSON.stringify(mark)}; only responses can be streamed.`,
  );
}

/** Runs a streaming handler, and tells its streams what the main thread says of them. */
export class StreamingInvocations {
  readonly #handler: StreamingHandler;
  readonly #codec: Codec;
  readonly #log: ThrownLog;
  readonly #post: (message: StreamMessage) => void;
  readonly #open = new Map<number, (message: StreamControl) => void>();

  constructor(
    handler: StreamingHandler,
    codec: Codec,
    log: ThrownLog,
    post: (message: StreamMessage) => void,
  ) {
    this.#handler = handler;
    this.#codec = codec;
    this.#log = log;
    this.#post = post;
  }

  /** Resolves when handler and stream have ended: with undefined, or with the error if nothing had been sent before it. */
  async run(message: InvokeMessage, context: InvocationContext): Promise<SettledOutcome | undefined> {
    const stream = new ResponseStream(message.invocationId, this.#post, highWaterMark(this.#handler));
    const done = finished(stream);
    // It may fail long before it is awaited.
    done.catch(() => undefined);
    // What then goes on, the code that has waited for a drain, belongs to this invocation.
    this.#open.set(
      message.invocationId,
      AsyncResource.bind((control: StreamControl) => tell(stream, control)),
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
  ): Promise<SettledOutcome | undefined> {
    const failed = (thrown: unknown) => {
      // That nobody takes the stream is known where it was decided.
      if (!stream.isClosing(thrown)) this.#log.invocationFailed(thrown, message.metadata);
    };
    try {
      // Without a receiver: `this` would be an object of the runtime.
      const handler = this.#handler;
      await handler(this.#codec.decode(message.event), stream, context);
    } catch (error) {
      failed(error);
      // Behind the handler's end() the response counts as complete: only the log hears of the error.
      if (!stream.writableEnded) {
        if (stream.opened) stream.fail(error);
        else stream.destroy();
      }
      await done.catch(() => undefined);
      return stream.opened ? undefined : failure(encodeThrown(error));
    }
    try {
      await done;
      return undefined;
    } catch {
      const error = stream.errored ?? truncated();
      failed(error);
      return stream.opened ? undefined : failure(encodeThrown(error));
    }
  }
}

function tell(stream: ResponseStream, control: StreamControl): void {
  if (control.type === 'stream-credit') stream.credit(control.bytes, control.buffers);
  else stream.close(control.reason);
}

function highWaterMark(handler: StreamingHandler): number | undefined {
  const bytes = Number((handler as { [HIGH_WATER_MARK]?: unknown })[HIGH_WATER_MARK]);
  return bytes >= 0 ? Math.trunc(bytes) : undefined;
}
