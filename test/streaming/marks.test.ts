import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MODES, startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

/** What packages with their own copy of AWS's function do. */
const marked = (mark: string) => `
  const handler = async (event, stream) => stream.end(String(stream.writableHighWaterMark));
  handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = '${mark}';
  handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = '4321';
  export { handler };
`;

it('a handler that another package marks as streaming streams without the global', async () => {
  await using root = await makeTaskRoot({
    'index.mjs': `${marked('response')}; if (globalThis.awslambda?.streamifyResponse) throw new Error('global');`,
  });
  await using runtime = await startRuntime({
    handler: 'index.handler',
    taskRoot: root.path,
    concurrency: 1,
    env: { AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: '1' },
  });
  expect(await runtime.response('{}')).toMatchObject({ mode: 'streaming', body: Buffer.from('4321') });
});

it('a handler that is marked to stream anything but the response does not load', async () => {
  await using root = await makeTaskRoot({ 'index.mjs': marked('request') });
  await using runtime = await startRuntime({
    handler: 'index.handler',
    taskRoot: root.path,
    concurrency: 1,
  });
  const { rawErrorType } = await runtime.api.whenInitError();
  expect(rawErrorType).toBe('Runtime.MalformedStreamingHandler');
});

/** Invalid as an option, and as the mark of a package. */
const INVALID = ['Infinity', '2 ** 60', '-1', 'null', '"many"', 'Symbol()', 'Object.create(null)'];

describe.each(MODES)('a high water mark that Node.js does not accept, in %s', (_mode, settings) => {
  it('is replaced by the default', async () => {
    await using root = await makeTaskRoot({
      'index.mjs': `
        const invalid = [${INVALID.join()}];
        const respond = async (event, stream) => {
          stream.end(String(stream.writableHighWaterMark));
          // For the next event.
          const [bytes] = invalid.splice(0, 1);
          if (event.mark) handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = bytes;
          else awslambda.streamifyResponse(respond, { highWaterMark: bytes });
          if (invalid.length === 0) invalid.push(${INVALID.join()});
        };
        awslambda.streamifyResponse(respond, null);
        export const handler = awslambda.streamifyResponse(respond, { highWaterMark: Infinity });
      `,
    });
    await using runtime = await startRuntime({ handler: 'index.handler', taskRoot: root.path, ...settings });
    const ofNode = Buffer.from(String(new Writable().writableHighWaterMark));
    for (const mark of [false, true]) {
      for (const _each of INVALID) {
        expect((await runtime.response(JSON.stringify({ mark }))).body).toEqual(ofNode);
      }
    }
  });
});
