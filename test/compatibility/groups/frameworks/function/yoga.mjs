import { createSchema, createYoga } from 'graphql-yoga';
import { hold } from './upstream.mjs';

const yoga = createYoga({
  graphqlEndpoint: '/orders',
  schema: createSchema({
    typeDefs: 'type Order { id: ID!, requestId: ID! } type Query { order(id: ID!): Order }',
    resolvers: {
      Query: {
        order: async (_parent, { id }, { lambda }) => {
          await hold(id);
          return { id, requestId: lambda.awsRequestId };
        },
      },
    },
  }),
});

export const handler = async (event, lambda) => {
  const response = await yoga.fetch(
    `https://${event.requestContext.domainName}/orders`,
    { method: event.requestContext.http.method, headers: event.headers, body: event.body },
    { event, lambda },
  );
  return { statusCode: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
};
