import { expect, it } from 'vitest';
import { startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';

/** What packages do that bring a copy of AWS's function. */
const marked = (mark: string) => `
  const handler = async (event, stream) => stream.end(String(stream.writableHighWaterMark));
  handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = '${mark}';
  handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = '4321';
  export { handler };
`;

it('a handler streams that was marked by somebody else, without the global', async () => {
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

it('a handler that is marked to stream something else does not load', async () => {
  await using root = await makeTaskRoot({ 'index.mjs': marked('request') });
  await using runtime = await startRuntime({
    handler: 'index.handler',
    taskRoot: root.path,
    concurrency: 1,
  });
  const { rawErrorType } = await runtime.api.whenInitError();
  expect(rawErrorType).toBe('Runtime.MalformedStreamingHandler');
});
