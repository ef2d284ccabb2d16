const express = require('express');
const serverlessExpress = require('@vendia/serverless-express');
const { hold } = require('./upstream.cjs');

const app = express();
app.post('/orders/:id', express.json(), async (request, response) => {
  await hold(request.params.id);
  response.json({ id: request.params.id, sent: request.body, requestId: request.params.id });
});

exports.handler = serverlessExpress({ app });
