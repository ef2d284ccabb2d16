const awsLambdaFastify = require('@fastify/aws-lambda');
const fastify = require('fastify');
const { hold } = require('./upstream.cjs');

const app = fastify();
app.post('/orders/:id', async (request) => {
  await hold(request.params.id);
  return { id: request.params.id, sent: request.body, requestId: request.awsLambda.context.awsRequestId };
});

exports.handler = awsLambdaFastify(app);
