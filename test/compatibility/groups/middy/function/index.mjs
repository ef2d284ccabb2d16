import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import cloudwatchMetrics from '@middy/cloudwatch-metrics';
import warmup from '@middy/warmup';
import { hold } from './upstream.mjs';

export const handler = middy()
  .use(warmup())
  .use(cloudwatchMetrics({ namespace: 'shop' }))
  .handler(async (event, context) => {
    await hold(context.awsRequestId);
    context.metrics.setProperty('requestId', context.awsRequestId);
    context.metrics.putMetric('orders', event.n, 'Count');
    return { n: event.n, requestId: context.awsRequestId };
  });

export const streaming = middy({ executionMode: executionModeStreamifyResponse }).handler(async (event, context) => {
  await hold(context.awsRequestId);
  return { statusCode: 200, headers: {}, body: JSON.stringify({ n: event.n, requestId: context.awsRequestId }) };
});
