const newrelic = require('newrelic');
const { call, hold } = require('./upstream.cjs');

exports.handler = newrelic.setLambdaHandler(async (event, context) => {
  await hold(context.awsRequestId);
  await call(context.awsRequestId);
  newrelic.addCustomAttribute('request', context.awsRequestId);
  return { requestId: context.awsRequestId };
});
