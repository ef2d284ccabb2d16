const Hapi = require('@hapi/hapi');
const { hold } = require('./upstream.cjs');

const server = Hapi.server();
server.route({
  method: 'POST',
  path: '/orders/{id}',
  handler: async (request) => {
    await hold(request.params.id);
    return { id: request.params.id, sent: request.payload, requestId: request.app.awsRequestId };
  },
});

exports.handler = async (event, context) => {
  const { statusCode, payload } = await server.inject({
    method: event.requestContext.http.method,
    url: event.rawPath,
    headers: event.headers,
    payload: event.body,
    app: context,
  });
  return { statusCode, body: payload };
};
