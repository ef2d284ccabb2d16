const http = require('node:http');
const { threadId } = require('node:worker_threads');
const epsagon = require('epsagon');

epsagon.init({ token: 'token', appName: 'shop', metadataOnly: false });

/** With options, since Epsagon has no span for a request without them. */
const hold = (requestId) =>
  new Promise((resolve, reject) => {
    http
      .get(`${process.env.UPSTREAM}/hold/${requestId}/${threadId}`, {}, (response) => response.resume().on('end', resolve))
      .on('error', reject);
  });

exports.handler = epsagon.lambdaWrapper(async (_event, { awsRequestId }) => {
  await hold(awsRequestId);
  return { requestId: awsRequestId };
});
