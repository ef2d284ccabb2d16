import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ONE_THREAD, startLayout } from '../faults/fault-runtime.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { EITHER_MODE, expectBody, observe } from './streaming-runtime.ts';

const HTTP = 'application/vnd.awslambda.http-integration-response';

const INVALID_TYPES = [
  ['a content type', 'The content type must be a valid header value, but it is "text/plain\\n".'],
  [
    'a promise of a content type',
    'The content type must be a valid header value, but it is a promise, which must be awaited.',
  ],
] as const;

describe.each(EITHER_MODE)('a streaming handler, $mode', ({ start }) => {
  let runtime: FaultRuntime;
  beforeAll(async () => (runtime = await start()));
  afterAll(() => runtime[Symbol.asyncDispose]());
  afterEach(async () => {
    await runtime.expectFullCapacity();
    runtime.expectAnsweredOnce();
  });

  it('has its first bytes delivered while it still produces the next ones', async () => {
    const gate = runtime.newGate();
    const { first, result } = observe(runtime, { do: 'one part, then another', gate });
    expect(await first).toBe('first ');
    await runtime.open(gate);
    expect(await text(result)).toBe('first second');
  });

  it('has its parts delivered in order, with the content type that it has set', async () => {
    const event = { do: 'write', parts: ['a', 'ü', '', 'c'], contentType: 'text/plain' };
    expect(await runtime.result(event)).toMatchObject({
      status: 'response',
      mode: 'streaming',
      contentType: 'text/plain',
      body: Buffer.from('aüc'),
    });
  });

  it('is called without a this value', async () => {
    expect(await text(runtime.result({ do: 'its receiver' }))).toBe('undefined');
  });

  it('has the content type application/octet-stream by default', async () => {
    expect(await runtime.result({ do: 'write', parts: [] })).toMatchObject({
      contentType: 'application/octet-stream',
      body: Buffer.alloc(0),
    });
  });

  it('may use its stream as the end of a pipeline', async () => {
    expect(await text(runtime.result({ do: 'pipeline', parts: ['a', 'b', 'c'] }))).toBe('abc');
  });

  it('may return while something is still piped to its stream', async () => {
    const gate = runtime.newGate();
    const result = runtime.result({ do: 'pipe and return', parts: ['a', 'b'], gate });
    await runtime.open(gate);
    expect(await text(result)).toBe('ab');
  });

  it('sends nothing while its stream is corked', async () => {
    const gate = runtime.newGate();
    const requestId = `corked-${gate}`;
    const event = { do: 'corked, then uncorked', parts: ['a', 'b'], gate };
    const { first, result } = observe(runtime, event, { requestId });
    await runtime.marks(`arrived-${requestId}`, 1);
    await runtime.open(gate);
    expect(await first).toBe('ab');
    expect(await text(result)).toBe('ab');
  });

  it('may reuse the same buffer for several writes', async () => {
    expect(await text(runtime.result({ do: 'the same buffer', times: 3 }))).toBe('again again again ');
  });

  it('may write more at once than the window allows', async () => {
    expectBody(
      await runtime.result({ do: 'one large write', bytes: 5_000_001 }),
      Buffer.alloc(5_000_001, 'x'),
    );
  });

  it('may write very many small parts', async () => {
    const numbers = (await text(runtime.result({ do: 'small writes', count: 20_000 }))).trim().split(' ');
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, n) => String(n)));
  });

  it.each(['body', undefined])('sends the metadata of an HTTP response before the body: %s', async (body) => {
    const metadata = { statusCode: 404, headers: { 'x-reason': 'none' } };
    expect(await runtime.result({ do: 'metadata', metadata, body })).toMatchObject({
      status: 'response',
      contentType: HTTP,
      body: Buffer.from(`${JSON.stringify(metadata)}${'\0'.repeat(8)}${body ?? ''}`),
    });
  });

  it('sends empty metadata before the body when it sets none', async () => {
    expect(await runtime.result({ do: 'metadata', body: 'body' })).toMatchObject({
      status: 'response',
      contentType: HTTP,
      body: Buffer.from(`{}${'\0'.repeat(8)}body`),
    });
  });

  it('has the context of its invocation, and the highWaterMark that it requests', async () => {
    const result = await text(runtime.result({ do: 'describe' }, { requestId: 'described' }));
    expect(JSON.parse(result)).toEqual({ highWaterMark: 12_345, requestId: 'described', signal: false });
  });

  it('may continue with background work after its response', async () => {
    const gate = runtime.newGate();
    expect(await text(runtime.result({ do: 'in the background', gate }))).toBe('whole');
    await runtime.whenPolling(runtime.slots - 1);
    expect(runtime.api.openPolls).toBe(runtime.slots - 1);
    await runtime.open(gate);
  });

  it.each(['an object', 'an object at the end'])(
    'gets a TypeError for %s that says what to write instead',
    async (what) => {
      expect(await runtime.diagnostic({ do: what })).toMatchObject({
        errorType: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        errorMessage: expect.stringMatching(/takes strings and bytes.*Write JSON\.stringify\(value\)/),
      });
    },
  );

  it.each(INVALID_TYPES)('gets a TypeError for %s that no header can hold', async (what, errorMessage) => {
    expect(await runtime.diagnostic({ do: what })).toMatchObject({ errorType: 'TypeError', errorMessage });
  });

  it('cannot set metadata once it has begun to send', async () => {
    const metadata = { statusCode: 200 };
    const result = await runtime.failure({ do: 'metadata too late', metadata });
    expect(result).toMatchObject({
      midStream: true,
      received: Buffer.from('first'),
      rawErrorType: 'Runtime.InvalidStreamingOperation',
      error: { errorMessage: expect.stringMatching(/Set it before the first write/) },
    });
  });
});

it('an invalid content type does not end the only thread', async () => {
  await using runtime = await startLayout(ONE_THREAD, { workerFile: 'streams.mjs' });
  const threadIds = await runtime.expectFullCapacity();
  for (const [what] of INVALID_TYPES) {
    expect(await runtime.diagnostic({ do: what })).toMatchObject({ errorType: 'TypeError' });
    expect(await runtime.expectFullCapacity()).toEqual(threadIds);
  }
});

async function text(result: ReturnType<FaultRuntime['result']>): Promise<string> {
  const ended = await result;
  expect(ended).toMatchObject({ status: 'response' });
  return 'body' in ended ? ended.body.toString() : '';
}
