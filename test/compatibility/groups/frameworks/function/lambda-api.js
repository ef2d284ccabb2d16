const api = require('lambda-api')();
const { hold } = require('./upstream.cjs');

api.post('/orders/:id', async (request) => {
  await hold(request.params.id);
  return { id: request.params.id, sent: request.body, requestId: request.context.awsRequestId };
});

exports.handler = async (event, context) => api.run(event, context);
