import { inspect } from 'node:util';
import type { EventBytes, ResponseBody } from '../src/invocation/invocation.ts';
import { utf8 } from '../src/invocation/invocation.ts';
import { HandlerError } from './handler-error.ts';
import { importHandlerModule } from './handler-loader.ts';

/** Bytes to event, and result to body. */
export interface Codec {
  readonly contentType: string;
  decode(event: EventBytes): unknown;
  encode(result: unknown): ResponseBody;
}

/**
 * What a module named by the option `codec` exports, by name or as its default, for functions whose events or results are
 * not JSON. It is loaded in each thread. What its functions throw fails the invocation, as if the handler had thrown it.
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
   * Makes the event that the handler gets.
   *
   * @param bytes The event as it came.
   */
  decode(bytes: Uint8Array): unknown;
  /**
   * Makes the body of the response. Streamed responses do not go through it.
   *
   * @param result What the handler has returned.
   */
  encode(result: unknown): Uint8Array;
  /** The type of the responses. Default: `application/octet-stream`. */
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

/** Above that many characters a body is made into bytes here, so that the main thread need not. */
const LARGEST_STRING_BODY = 8 * 1024;

const JSON_CODEC: Codec = {
  contentType: 'application/json',
  decode(event) {
    if (event.length === 0) return {};
    try {
      return JSON.parse(utf8(event));
    } catch (cause) {
      throw new HandlerError('Runtime.MalformedEvent', 'The event is not valid JSON.', { cause });
    }
  },
  encode(result) {
    const json = stringify(result);
    return json.length <= LARGEST_STRING_BODY ? json : owned(Buffer.from(json));
  },
};

function stringify(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : '.';
    throw new HandlerError(
      'Runtime.UnserializableResponse',
      `The handler's result has no JSON form${reason}`,
      { cause },
    );
  }
}

/** An array with a buffer of its own, since the buffer is transferred: others may live in the old one. */
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
    // A copy, since its buffer is transferred: the module may keep its own, and native code's cannot be transferred.
    encode: (result) => new Uint8Array(bytesOf(module.encode(result))),
  };
}

function bytesOf(encoded: unknown): Uint8Array {
  if (encoded instanceof Uint8Array) return encoded;
  throw new HandlerError('Runtime.MalformedCodec', 'encode of the codec module must return a Uint8Array.');
}

function checkedContentType(contentType: unknown = 'application/octet-stream'): string {
  if (typeof contentType === 'string' && /^[\t\x20-\x7e\x80-\xff]+$/.test(contentType)) return contentType;
  throw new HandlerError(
    'Runtime.MalformedCodec',
    `The contentType of the codec module must be a string that a header can carry, but it is ${inspect(contentType)}.`,
  );
}

function isCodecModule(module: unknown): module is CodecModule {
  const { decode, encode } = (module ?? {}) as Partial<CodecModule>;
  return typeof decode === 'function' && typeof encode === 'function';
}
