const express = require('express');
const { configure, getCurrentInvoke } = require('@codegenie/serverless-express');
const { hold } = require('./upstream.cjs');

const app = express();
app.use((request, _response, next) => {
  request.lambda = getCurrentInvoke().context;
  next();
});
app.post('/:when/:id', express.json(), async (request, response) => {
  await hold(request.params.id);
  const { awsRequestId } = request.params.when === 'first' ? request.lambda : getCurrentInvoke().context;
  response.json({ id: request.params.id, sent: request.body, requestId: awsRequestId });
});

exports.handler = configure({ app });
