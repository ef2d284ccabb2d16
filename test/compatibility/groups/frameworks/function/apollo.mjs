import { ApolloServer } from '@apollo/server';
import { handlers, startServerAndCreateLambdaHandler } from '@as-integrations/aws-lambda';
import { hold } from './upstream.mjs';

const server = new ApolloServer({
  typeDefs: 'type Order { id: ID!, requestId: ID! } type Query { order(id: ID!): Order }',
  resolvers: {
    Query: {
      order: async (_parent, { id }, { lambda }) => {
        await hold(id);
        return { id, requestId: lambda.awsRequestId };
      },
    },
  },
});

export const handler = startServerAndCreateLambdaHandler(
  server,
  handlers.createAPIGatewayProxyEventV2RequestHandler(),
  { context: async ({ context }) => ({ lambda: context }) },
);
