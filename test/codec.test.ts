import { randomBytes } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HANDLERS, MODES, startBootstrap } from './helpers/start-runtime.ts';

/** Bytes that are not valid UTF-8. */
const NOT_UTF8 = Uint8Array.from([0xff, 0xfe, 0x00, 0x80, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x0d, 0x0a]);
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

const EVENTS: readonly (readonly [size: string, event: Uint8Array])[] = [
  ['no bytes', new Uint8Array()],
  ['one byte', Uint8Array.of(0xff)],
  ['bytes that are no UTF-8', NOT_UTF8],
  ['every byte', ALL_BYTES],
  ['8 KiB less one', randomBytes(8 * 1024 - 1)],
  ['8 KiB', randomBytes(8 * 1024)],
  ['8 KiB and one', randomBytes(8 * 1024 + 1)],
  ['300 KB', randomBytes(300_000)],
  ['6 MiB', randomBytes(6 * 1024 * 1024)],
];

describe.concurrent.each(MODES)('a codec in %s', (_mode, more) => {
  it('passes the bytes of the event to the handler, and the bytes of the result to the caller', async () => {
    await using runtime = await startBootstrap('bytes.mjs', { codec: './codec.mjs' }, more);
    for (const [size, event] of EVENTS) {
      const { body, contentType } = await runtime.response(event);
      expect({ size, same: body.equals(Buffer.from(event).reverse()) }).toEqual({ size, same: true });
      expect(contentType).toBe('application/x-test');
    }
  });

  it('can be a CommonJS module given by its URL, and can return a slice of a buffer', async () => {
    const codec = pathToFileURL(`${HANDLERS}codec-default.cjs`).href;
    await using runtime = await startBootstrap('bytes.mjs', { codec, handler: 'slice' }, more);
    for (const [size, event] of EVENTS.slice(0, 8)) {
      const { body, contentType } = await runtime.response(event);
      expect({ size, same: body.equals(event) }).toEqual({ size, same: true });
      expect(contentType).toBe('application/octet-stream');
    }
  });

  it('can be given as a path relative to the working directory, like the worker file', async () => {
    await using runtime = await startBootstrap('bytes.mjs', { codec: 'codec.mjs' }, more);
    expect((await runtime.response(Uint8Array.of(0xff, 1))).body).toEqual(Buffer.of(1, 0xff));
  });

  it('that throws fails only that invocation', async () => {
    await using runtime = await startBootstrap('bytes.mjs', { codec: `${HANDLERS}codec-text.mjs` }, more);
    const failed = { status: 'error', rawErrorType: 'Function.RangeError' };
    expect(await runtime.unlessExited(runtime.api.invoke('', { whenCapacity: true }))).toMatchObject({
      ...failed,
      error: { errorType: 'RangeError', errorMessage: 'nothing to decode' },
    });
    expect(await runtime.api.invoke(Uint8Array.of(1, 0), { whenCapacity: true })).toMatchObject({
      ...failed,
      error: { errorType: 'RangeError', errorMessage: 'no zero first' },
    });
    expect((await runtime.response(Uint8Array.of(1, 2))).body).toEqual(Buffer.of(2, 1));
  });

  it('whose encode does not return bytes fails the invocation', async () => {
    await using runtime = await startBootstrap(
      'bytes.mjs',
      { codec: './codec.mjs', handler: 'string' },
      more,
    );
    expect((await runtime.failure(1)).error).toMatchObject({
      errorType: 'Runtime.MalformedCodec',
      errorMessage: 'encode of the codec module must return a Uint8Array.',
    });
  });

  it.each(['keeps', 'draws'])(
    'may return bytes that are kept for reuse or were created by native code (%s)',
    async (handler) => {
      await using runtime = await startBootstrap('kept-bytes.mjs', { codec: './codec.mjs', handler }, more);
      const [first, ...others] = [
        await runtime.response('', { whenCapacity: true }),
        await runtime.response('', { whenCapacity: true }),
        await runtime.response('', { whenCapacity: true }),
      ];
      expect(first.body.length).toBeGreaterThan(0);
      for (const { body } of others) expect(body).toEqual(first.body);
    },
  );

  it.each([
    [
      './codec-bad-type.mjs',
      'Runtime.MalformedCodec',
      /contentType .* must be a valid header value, but it is "a\\nb"/,
    ],
    [
      './codec-without-encode.mjs',
      'Runtime.MalformedCodec',
      /must export the functions decode and encode\.$/,
    ],
    ['./absent-codec.mjs', 'Runtime.ImportModuleError', /absent-codec\.mjs/],
  ])('%s fails the init with %s', async (codec, errorType, errorMessage) => {
    await using runtime = await startBootstrap('bytes.mjs', { codec }, more);
    expect(await runtime.exited).toMatchObject({ code: 1 });
    expect(runtime.api.initErrors.map(({ error }) => error)).toEqual([
      expect.objectContaining({ errorType, errorMessage: expect.stringMatching(errorMessage) }),
    ]);
  });
});
