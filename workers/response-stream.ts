import { Writable } from 'node:stream';
import { nextTick } from '../src/builtins.ts';
import { encodeThrown } from '../src/invocation/diagnostic.ts';
import type { EncodedDiagnostic } from '../src/invocation/diagnostic.ts';
import { STREAM_WINDOW_BYTES } from '../src/protocol.ts';
import type { StreamMessage } from '../src/protocol.ts';
import { ChunkBuffer } from './chunk-buffer.ts';
import { describeInvalidType, isContentType } from './content-type.ts';
import { HandlerError } from './handler-error.ts';

/** Sends a message to the main thread. The buffers of chunks are transferred. */
export type PostStreamMessage = (message: StreamMessage) => void;

/** The response stream of a streaming handler. Sends the first bytes at once, later ones in larger chunks. */
export class ResponseStream extends Writable {
  /** AWS's hook to send data before the first byte, used by copies of `HttpResponseStream` in packages. */
  _onBeforeFirstWrite: ((write: (chunk: string | Uint8Array) => void) => void) | undefined;
  readonly #invocationId: number;
  readonly #post: PostStreamMessage;
  readonly #chunks = new ChunkBuffer((bytes) => this.#sendChunk(bytes));
  /** Bytes that wait for credit. */
  #waiting: Uint8Array[] = [];
  #contentType = 'application/octet-stream';
  #opened = false;
  #ended = false;
  #credit = STREAM_WINDOW_BYTES;
  #onSent: WriteCallback | undefined;
  #failure: EncodedDiagnostic | undefined;
  #closing: HandlerError | undefined;
  /** Writes after the end, until the stream has finished. */
  readonly #failedWrites: { readonly error: Error; readonly onFailed: WriteCallback | undefined }[] = [];

  /** @param highWaterMark in bytes; undefined for the default of Node.js. */
  constructor(invocationId: number, post: PostStreamMessage, highWaterMark: number | undefined) {
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#invocationId = invocationId;
    this.#post = post;
  }

  /** Whether the response has begun. After that, an error can only follow the bytes that have been sent. */
  get opened(): boolean {
    return this.#opened;
  }

  /**
   * Sets the type of the response; `application/octet-stream` by default.
   *
   * @throws HandlerError `Runtime.InvalidStreamingOperation` if the response has begun, or a TypeError if the value is not valid in
   *   a header.
   */
  setContentType(contentType: unknown): void {
    if (this.#opened) {
      throw new HandlerError(
        'Runtime.InvalidStreamingOperation',
        'The content type cannot be set after the response has begun. Set it before the first write.',
      );
    }
    if (!isContentType(contentType)) {
      // Otherwise the response would fail later on the main thread, and a value that cannot be cloned in the thread.
      throw new TypeError(
        `The content type must be a valid header value, but it is ${describeInvalidType(contentType)}.`,
      );
    }
    this.#contentType = contentType;
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    refuseObject(chunk);
    if (this.#isEnding) return this.#failAfterFinish(rest);
    const wantsMore = super.write(chunk, ...(rest as []));
    if (this.destroyed) this.#repeatError();
    return wantsMore;
  }

  override end(...args: unknown[]): this {
    if (typeof args[0] !== 'function' && args[0] !== undefined && args[0] !== null) {
      refuseObject(args[0]);
      if (this.#isEnding) {
        this.#failAfterFinish(args);
        return this;
      }
    }
    super.end(...(args as []));
    if (this.destroyed && !this.writableFinished) this.#repeatError();
    return this;
  }

  /** Ends the stream with an error after the bytes that have been written. */
  fail(thrown: unknown): void {
    this.#failure = encodeThrown(thrown);
    this.end();
  }

  /** Allows more bytes to be sent, and returns buffers for reuse. */
  credit(bytes: number, buffers: readonly ArrayBuffer[]): void {
    this.#credit += bytes;
    this.#chunks.reuse(buffers);
    this.#send();
  }

  /** Destroys the stream because no more bytes are accepted. */
  close(reason: string): void {
    this.#ended = true;
    const message = `The response stream was closed before it had ended. ${reason}`;
    this.#closing = new HandlerError('Runtime.ResponseStreamClosed', message);
    this.destroy(this.#closing);
  }

  /** Whether the error is the one with which {@link close} destroyed the stream. */
  isClosing(thrown: unknown): boolean {
    return this.#closing !== undefined && thrown === this.#closing;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#enqueue([chunk], callback);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], callback: WriteCallback): void {
    this.#enqueue(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: WriteCallback): void {
    this.#enqueue([], (error) => {
      if (error) return callback(error);
      this.#chunks.flush();
      if (!this.#opened) this.#open();
      this.#end(this.#failure);
      callback();
    });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#waiting = [];
    // Without the callback, the writer would wait forever.
    this.#onSent?.(error ?? destroyedError());
    this.#onSent = undefined;
    if (this.#opened && !this.#ended) {
      this.#chunks.flush();
      this.#end(encodeThrown(error ?? truncated()));
    }
    callback(error);
  }

  /** Whether `end` has been called and bytes still have to be sent. */
  get #isEnding(): boolean {
    return this.writableEnded && !this.writableFinished && !this.destroyed;
  }

  /**
   * Fails a write after the end as Node.js does, but not before the bytes up to the end have been sent: the error destroys the
   * stream, and the caller would get a part of the response.
   */
  #failAfterFinish(args: readonly unknown[]): false {
    const onFailed = args.find((each) => typeof each === 'function') as WriteCallback | undefined;
    // Created here, because its stack shows the line of the write.
    this.#failedWrites.push({ error: writeAfterEndError(), onFailed });
    if (this.#failedWrites.length > 1) return false;
    const failAll = () => {
      for (const { error, onFailed } of this.#failedWrites.splice(0)) {
        if (onFailed !== undefined) nextTick(onFailed, error);
        this.destroy(error);
      }
    };
    // A stream that is destroyed before it has finished emits only `close`.
    this.once('finish', failAll).once('close', failAll);
    return false;
  }

  /** Emits the error again, because a handler that writes after the first one and awaits `drain` would wait forever. */
  #repeatError(): void {
    nextTick(() => this.emit('error', this.errored ?? destroyedError()));
  }

  #enqueue(chunks: readonly Buffer[], onSent: WriteCallback): void {
    if (!this.#opened) {
      this._onBeforeFirstWrite?.((chunk) => this.#waiting.push(Buffer.from(chunk)));
      this._onBeforeFirstWrite = undefined;
    }
    for (const chunk of chunks) this.#waiting.push(chunk);
    this.#onSent = onSent;
    this.#send();
  }

  #send(): void {
    this.#chunks.write(this.#takeSendable());
    const onSent = this.#onSent;
    if (this.#waiting.length > 0 || onSent === undefined) return;
    this.#onSent = undefined;
    // Deferred, so that writes of the same tick arrive in one `_writev` call.
    nextTick(onSent);
  }

  /** Removes and returns the waiting bytes for which there is credit. */
  #takeSendable(): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (const chunk of this.#waiting) {
      if (this.#credit === 0) break;
      const part = chunk.subarray(0, this.#credit);
      this.#credit -= part.byteLength;
      parts.push(part);
    }
    const cut = parts.at(-1)?.byteLength ?? 0;
    const rest = this.#waiting[parts.length - 1]?.subarray(cut);
    this.#waiting.splice(0, parts.length, ...(rest === undefined || rest.byteLength === 0 ? [] : [rest]));
    return parts;
  }

  #sendChunk(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#ended) return;
    if (!this.#opened) this.#open();
    this.#post({ type: 'stream-chunk', invocationId: this.#invocationId, bytes });
  }

  #open(): void {
    this.#opened = true;
    this.#post({ type: 'stream-opened', invocationId: this.#invocationId, contentType: this.#contentType });
  }

  #end(failure: EncodedDiagnostic | undefined): void {
    this.#ended = true;
    this.#post({ type: 'stream-ended', invocationId: this.#invocationId, failure });
  }
}

type WriteCallback = (error?: Error | null) => void;

/** The error for a stream that was destroyed without one. */
export function truncated(): HandlerError {
  const message = 'The response stream was destroyed before it had ended.';
  return new HandlerError('Runtime.TruncatedResponse', message);
}

function destroyedError(): Error {
  return streamError('ERR_STREAM_DESTROYED', 'The response stream was destroyed and cannot be written to.');
}

function writeAfterEndError(): Error {
  return streamError('ERR_STREAM_WRITE_AFTER_END', 'The response stream was written to after its end.');
}

/** An error with a code that Node.js streams use. */
function streamError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function refuseObject(chunk: unknown): void {
  if (typeof chunk === 'string' || ArrayBuffer.isView(chunk)) return;
  const given = chunk === null ? 'null' : typeof chunk;
  throw Object.assign(
    new TypeError(
      `A response stream takes strings and bytes (Buffer, TypedArray, DataView), but was given ${given}. ` +
        'Write JSON.stringify(value) for an object.',
    ),
    { code: 'ERR_INVALID_ARG_TYPE' },
  );
}
