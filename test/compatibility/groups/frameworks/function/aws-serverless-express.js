const awsServerlessExpress = require('aws-serverless-express');
const express = require('express');
const { hold } = require('./upstream.cjs');

const app = express();
app.post('/orders/:id', express.json(), async (request, response) => {
  await hold(request.params.id);
  response.json({ id: request.params.id, sent: request.body, requestId: request.params.id });
});

const server = awsServerlessExpress.createServer(app);
exports.handler = async (event, context) =>
  awsServerlessExpress.proxy(server, { ...event, httpMethod: event.requestContext.http.method, path: event.rawPath }, context, 'PROMISE')
    .promise;
