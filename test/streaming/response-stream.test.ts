/** The stream of a thread without the thread: what it posts to the main thread, and what the handler gets. */
import { once } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeDiagnostic } from '../../src/invocation/diagnostic.ts';
import { STREAM_WINDOW_BYTES } from '../../src/protocol.ts';
import type { StreamMessage } from '../../src/protocol.ts';
import { ResponseStream } from '../../workers/response-stream.ts';

let posted: StreamMessage[];
let stream: ResponseStream;
beforeEach(() => {
  posted = [];
  stream = new ResponseStream(7, (message) => posted.push(message), undefined);
});

/** The number of bytes that have been posted. */
const sentBytes = (): number =>
  posted.reduce((sum, each) => sum + (each.type === 'stream-chunk' ? each.bytes.byteLength : 0), 0);

/** How the stream ended for the caller: the type of its error, or `complete`. */
const ends = (): string[] =>
  posted.flatMap((each) => {
    if (each.type !== 'stream-ended') return [];
    return [each.failure === undefined ? 'complete' : decodeDiagnostic(each.failure).errorType];
  });

/** Writes more than may be sent before the main thread gives credit. */
function writeMoreThanFits(more = 10): Promise<Error | null | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | null | undefined>();
  stream.write(Buffer.alloc(STREAM_WINDOW_BYTES + more), resolve);
  return promise;
}

it('bytes beyond the window are sent when credit arrives, and only then is the write complete', async () => {
  const written = writeMoreThanFits(10);
  expect(sentBytes()).toBe(STREAM_WINDOW_BYTES);
  const finished = once(stream, 'finish');
  stream.end();
  stream.credit(4, []);
  expect(sentBytes()).toBe(STREAM_WINDOW_BYTES);
  stream.credit(100, []);
  expect(await written).toBeFalsy();
  await finished;
  expect(sentBytes()).toBe(STREAM_WINDOW_BYTES + 10);
  expect(posted[0]).toEqual({
    type: 'stream-opened',
    invocationId: 7,
    contentType: 'application/octet-stream',
  });
  expect(ends()).toEqual(['complete']);
});

it('the content type can be set until the response begins', () => {
  stream.setContentType('text/plain');
  stream.write('first');
  expect(posted[0]).toMatchObject({ contentType: 'text/plain' });
  expect(() => stream.setContentType('text/html')).toThrow(/cannot be set after the response has begun/);
});

it.each(['text/plain\n', '€', undefined, 7, ['text/plain'], Promise.resolve('text/plain'), Symbol('type')])(
  '%o is not accepted as a content type',
  (value) => {
    expect(() => stream.setContentType(value)).toThrow(TypeError);
    stream.write('first');
    expect(posted[0]).toMatchObject({ contentType: 'application/octet-stream' });
  },
);

describe('a stream that the handler destroys', () => {
  it('fails the write that waits for credit, and the caller gets Runtime.TruncatedResponse', async () => {
    const written = writeMoreThanFits();
    stream.destroy();
    expect(await written).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    expect(ends()).toEqual(['Runtime.TruncatedResponse']);
    // Credit that comes late sends nothing.
    stream.credit(100, []);
    expect(sentBytes()).toBe(STREAM_WINDOW_BYTES);
  });

  it('with an error of its own fails the pending write and the response with that error', async () => {
    const written = writeMoreThanFits();
    stream.on('error', () => undefined);
    const error = new RangeError('no more');
    stream.destroy(error);
    expect(await written).toBe(error);
    expect(ends()).toEqual(['RangeError']);
  });

  it('while it ends does not finish', async () => {
    const written = writeMoreThanFits();
    const closed = new Promise((resolve) => stream.on('close', resolve));
    let finished = false;
    stream.on('finish', () => (finished = true)).on('error', () => undefined);
    stream.end();
    stream.destroy(new RangeError('no more'));
    await written;
    await closed;
    expect(finished).toBe(false);
    expect(ends()).toEqual(['RangeError']);
  });

  it('while it ends with only a long prelude, as `HttpResponseStream` adds it, does not finish', async () => {
    stream._onBeforeFirstWrite = (write) => write(Buffer.alloc(STREAM_WINDOW_BYTES + 10));
    const closed = new Promise((resolve) => stream.on('close', resolve));
    let finished = false;
    stream.on('finish', () => (finished = true)).on('error', () => undefined);
    stream.end();
    await new Promise(setImmediate);
    expect(sentBytes()).toBe(STREAM_WINDOW_BYTES);
    stream.destroy(new RangeError('no more'));
    await closed;
    expect(finished).toBe(false);
    expect(ends()).toEqual(['RangeError']);
  });

  it('before its first byte leaves the answer to the handler', () => {
    stream.destroy();
    expect(posted).toEqual([]);
  });

  it.each([
    ['write', () => void stream.write('more')],
    ['end', () => void stream.end('more')],
  ])('emits an error at each later %s(), for a handler that waits for events', async (_method, call) => {
    stream.write('first');
    stream.destroy();
    for (let times = 0; times < 2; times += 1) {
      const failed = once(stream, 'error');
      call();
      expect(await failed).toMatchObject([{ code: 'ERR_STREAM_DESTROYED' }]);
    }
    expect(ends()).toEqual(['Runtime.TruncatedResponse']);
  });
});

describe('writes after the end, while bytes wait for credit', () => {
  const ERROR = expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  let heard: unknown[];
  beforeEach(() => {
    heard = [];
    stream.on('error', (error) => heard.push(error));
    void writeMoreThanFits(10);
    stream.end();
  });
  const fail = (method: 'write' | 'end') =>
    new Promise<unknown>((resolve) => stream[method]('more', resolve));

  it('fail when all bytes have been sent, with a single error event', async () => {
    const failures = [fail('write'), fail('end'), fail('write')];
    await new Promise(setImmediate);
    expect(heard).toEqual([]);
    stream.credit(100, []);
    expect(await Promise.all(failures)).toEqual([ERROR, ERROR, ERROR]);
    await new Promise(setImmediate);
    expect(heard).toEqual([ERROR]);
    expect(sentBytes()).toBe(STREAM_WINDOW_BYTES + 10);
    expect(ends()).toEqual(['complete']);
  });

  it('also fail if the stream is closed before that', async () => {
    const failures = [fail('write'), fail('end')];
    stream.close('The caller has disconnected.');
    expect(await Promise.all(failures)).toEqual([ERROR, ERROR]);
    expect(heard).toMatchObject([{ name: 'Runtime.ResponseStreamClosed' }]);
  });
});

it('a stream that the runtime closes fails with the reason, and posts nothing more', async () => {
  const written = writeMoreThanFits();
  const failed = once(stream, 'error');
  stream.close('The caller has disconnected.');
  const [error] = (await failed) as [Error];
  expect(error).toMatchObject({
    name: 'Runtime.ResponseStreamClosed',
    message: 'The response stream was closed before it had ended. The caller has disconnected.',
  });
  expect(stream.isClosing(error)).toBe(true);
  expect(stream.isClosing(new Error('another'))).toBe(false);
  expect(await written).toBe(error);
  expect(ends()).toEqual([]);
});

it.each([
  [{ an: 'object' }, 'object'],
  [null, 'null'],
  [7, 'number'],
  [undefined, 'undefined'],
])('%j is refused with an error that says what to write instead', (chunk, given) => {
  expect(() => stream.write(chunk)).toThrow(
    `A response stream takes strings and bytes (Buffer, TypedArray, DataView), but was given ${given}. Write JSON.stringify(value) for an object.`,
  );
  expect(posted).toEqual([]);
});
