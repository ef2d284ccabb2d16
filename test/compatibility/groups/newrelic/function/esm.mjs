import newrelic from 'newrelic';
import { call, hold } from './upstream.mjs';

export const handler = newrelic.setLambdaHandler(async (event, context) => {
  await hold(context.awsRequestId);
  await call(context.awsRequestId);
  newrelic.addCustomAttribute('request', context.awsRequestId);
  return { requestId: context.awsRequestId };
});
