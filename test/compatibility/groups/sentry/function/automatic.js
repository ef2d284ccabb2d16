const Sentry = require('@sentry/aws-serverless');
const { call, hold } = require('./upstream.cjs');

exports.handler = async (event, context) => {
  if (process.env.TAGS === 'setTag') Sentry.setTag('request', context.awsRequestId);
  else Sentry.getCurrentScope().setTag('request', context.awsRequestId);
  await hold(context.awsRequestId);
  await call(context.awsRequestId);
  Sentry.captureMessage(`message of ${context.awsRequestId}`);
  if (event.fail) throw new Error(`failure of ${context.awsRequestId}`);
  return { requestId: context.awsRequestId };
};
