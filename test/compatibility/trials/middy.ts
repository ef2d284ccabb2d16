import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import type { Group, Services } from '../group.ts';
import { ALL, eventually, invokeInWaves, mostly, streamInWaves } from '../waves.ts';

async function proveMetrics(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  assert.equal(await running.call({ source: 'serverless-plugin-warmup' }), 'warmup');
  const results = await invokeInWaves(running, services, ({ n }) => ({ n }));
  assert.deepEqual(
    results,
    ALL.map(({ n, requestId }) => ({ n, requestId })),
  );
  await eventually(() => {
    const metrics = new Map(
      running.log.filter((line) => 'orders' in line).map((line) => [line['requestId'], line['orders']]),
    );
    const wrong = ALL.filter(({ n, requestId }) => metrics.get(requestId) !== n);
    assert.deepEqual(mostly(wrong.map(({ requestId }) => `${requestId} has ${metrics.get(requestId)}`)), []);
  });
}

async function proveStreams(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  const answers = await streamInWaves(running, services, ({ n }) => ({ n }));
  assert.deepEqual(
    answers.map(({ body }) => body),
    ALL.map(({ n, requestId }) => JSON.stringify({ n, requestId })),
  );
}

export const middy: Group = {
  name: 'middy',
  title: 'middy',
  trials: [
    {
      name: 'middlewares',
      packages: ['@middy/core', '@middy/cloudwatch-metrics', '@middy/warmup'],
      shown:
        'the metrics of each invocation have its request id; warm-up events are answered without the handler',
      handlers: { 'ES module': 'index.handler' },
      env: () => ({ AWS_EMF_ENVIRONMENT: 'Lambda' }),
      prove: proveMetrics,
    },
    {
      name: 'streaming',
      packages: ['@middy/core'],
      shown: 'each caller gets its own stream',
      handlers: { 'ES module': 'index.streaming' },
      prove: proveStreams,
    },
  ],
};
