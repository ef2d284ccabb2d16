const { call, hold } = require('./upstream.cjs');

exports.handler = async (event, { awsRequestId }) => {
  await hold(awsRequestId);
  await call(awsRequestId);
  console.log(`line of ${awsRequestId}`);
  return { requestId: awsRequestId };
};
