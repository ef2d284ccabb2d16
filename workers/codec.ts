import { freeMemory } from '../src/free-memory.ts';
import type { EventBytes, ResponseBody } from '../src/invocation/invocation.ts';
import { utf8 } from '../src/invocation/invocation.ts';
import { describeInvalidType, isContentType } from './content-type.ts';
import { HandlerError } from './handler-error.ts';
import { importHandlerModule } from './handler-loader.ts';

/** Decodes events and encodes results. */
export interface Codec {
  readonly contentType: string;
  decode(event: EventBytes): unknown;
  encode(result: unknown): ResponseBody;
}

/**
 * The exports of the module for the option `codec`, as named exports or as default export, for events or results that are not
 * JSON. The module is loaded in each thread. An error that its functions throw fails the invocation.
 *
 * @example
 * ```ts
 * export const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 * export const encode = (result: unknown) => new TextEncoder().encode(String(result));
 * export const contentType = 'text/plain';
 * ```
 */
export interface CodecModule {
  /**
   * Decodes the event for the handler.
   *
   * @param bytes The unparsed event.
   */
  decode(bytes: Uint8Array): unknown;
  /**
   * Encodes the body of the response. Not called for streamed responses.
   *
   * @param result The result of the handler.
   */
  encode(result: unknown): Uint8Array;
  /** The content type of the responses. Default: `application/octet-stream`. */
  contentType?: string;
}

export async function loadCodec(url: string | undefined): Promise<Codec> {
  if (url === undefined) return JSON_CODEC;
  const loaded = await importHandlerModule({ url, shown: `The codec module ${url}`, from: process.cwd() });
  const module = [loaded, loaded['default']].find(isCodecModule);
  if (module !== undefined) return userCodec(module);
  throw new HandlerError(
    'Runtime.MalformedCodec',
    `The codec module ${url} must export the functions decode and encode.`,
  );
}

/** Longer bodies are encoded to bytes in the thread, to relieve the main thread. */
const MAX_STRING_BODY_LENGTH = 8 * 1024;

const JSON_CODEC: Codec = {
  contentType: 'application/json',
  decode(event) {
    if (event.length === 0) return {};
    const text = utf8(event);
    if (typeof event !== 'string') freeMemory(event);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new HandlerError('Runtime.MalformedEvent', 'The event is not valid JSON.', { cause });
    }
  },
  encode(result) {
    const json = stringify(result);
    return json.length <= MAX_STRING_BODY_LENGTH ? json : owned(Buffer.from(json));
  },
};

function stringify(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : '.';
    throw new HandlerError(
      'Runtime.UnserializableResponse',
      `The handler's result cannot be converted to JSON${reason}`,
      { cause },
    );
  }
}

/** Copies the bytes if they share their buffer with other data, because the buffer is transferred. */
function owned(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
}

function userCodec(module: CodecModule): Codec {
  return {
    contentType: checkedContentType(module.contentType),
    decode: (event) => module.decode(typeof event === 'string' ? Buffer.from(event, 'latin1') : event),
    // A copy, because the module may reuse its buffer, and buffers of native code cannot be transferred.
    encode: (result) => new Uint8Array(bytesOf(module.encode(result))),
  };
}

function bytesOf(encoded: unknown): Uint8Array {
  if (encoded instanceof Uint8Array) return encoded;
  throw new HandlerError('Runtime.MalformedCodec', 'encode of the codec module must return a Uint8Array.');
}

function checkedContentType(contentType: unknown = 'application/octet-stream'): string {
  if (isContentType(contentType)) return contentType;
  throw new HandlerError(
    'Runtime.MalformedCodec',
    `The contentType of the codec module must be a valid header value, but it is ${describeInvalidType(contentType)}.`,
  );
}

function isCodecModule(module: unknown): module is CodecModule {
  const { decode, encode } = (module ?? {}) as Partial<CodecModule>;
  return typeof decode === 'function' && typeof encode === 'function';
}
