const { valid } = require('semver');
const { hold } = require('../upstream.cjs');

const found = ['semver', 'lambda-managed-runtime'].map((name) => require.resolve(name));

exports.handler = async (_event, { awsRequestId }) => {
  await hold(awsRequestId);
  return { requestId: awsRequestId, version: valid('v1.2.3'), found };
};
