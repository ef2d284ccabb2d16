import assert from 'node:assert/strict';
import type { FunctionProcess } from '../function-process.ts';
import { SHARED } from '../group.ts';
import type { Group, Services, Trial } from '../group.ts';
import { httpEvent } from '../http-event.ts';
import { ALL, invokeInWaves, mostly, streamInWaves } from '../waves.ts';
import type { Invocation, StreamedAnswer } from '../waves.ts';

interface HttpAnswer {
  readonly statusCode: number;
  readonly body: string;
}

/** Each caller gets what its own request has made, from a route that waits for the other invocations of its wave. */
function proveAnswers(
  eventOf: (invocation: Invocation) => unknown = ({ n, requestId }) =>
    httpEvent(`/orders/${requestId}`, { n }),
  answerOf: (invocation: Invocation) => unknown = ({ n, requestId }) => ({
    id: requestId,
    sent: { n },
    requestId,
  }),
) {
  return async (running: FunctionProcess, services: Services): Promise<void> => {
    await running.ready();
    const answers = await invokeInWaves<HttpAnswer>(running, services, eventOf);
    const problems = ALL.flatMap((invocation, index) => {
      const answer = answers[index];
      const expected = JSON.stringify(answerOf(invocation));
      // NestJS answers POST requests with 201.
      return (answer?.statusCode === 200 || answer?.statusCode === 201) && isSameJson(answer.body, expected)
        ? []
        : [JSON.stringify(answer)];
    });
    assert.deepEqual(mostly(problems), []);
  };
}

function isSameJson(a: string, b: string): boolean {
  try {
    assert.deepEqual(JSON.parse(a), JSON.parse(b));
    return true;
  } catch {
    return false;
  }
}

/** The same for a response that is streamed. */
async function proveStreams(running: FunctionProcess, services: Services): Promise<void> {
  await running.ready();
  const eventOf = ({ n, requestId }: Invocation) => httpEvent(`/orders/${requestId}`, { n });
  const answers = await streamInWaves(running, services, eventOf);
  for (const [index, { n, requestId }] of ALL.entries()) {
    const { metadata, body } = answers[index] as StreamedAnswer;
    assert.equal((JSON.parse(metadata) as HttpAnswer).statusCode, 200);
    assert.deepEqual(JSON.parse(body), { id: requestId, sent: { n }, requestId });
  }
}

const QUERY = 'query ($id: ID!) { order(id: $id) { id requestId } }';
const graphql = proveAnswers(
  ({ requestId: id }) => httpEvent('/orders', { query: QUERY, variables: { id } }),
  ({ requestId }) => ({ data: { order: { id: requestId, requestId } } }),
);

const base = {
  shown: 'each caller gets the answer of its own request',
  prove: proveAnswers(),
} satisfies Partial<Trial>;

export const frameworks: Group = {
  name: 'frameworks',
  title: 'Frameworks',
  trials: [
    {
      ...base,
      name: 'fastify',
      packages: ['fastify', '@fastify/aws-lambda'],
      handlers: { CommonJS: 'fastify.handler' },
    },
    {
      ...base,
      name: 'NestJS',
      packages: ['@nestjs/core', '@nestjs/platform-express', '@codegenie/serverless-express'],
      handlers: { 'ES module': 'nest.handler' },
    },
    {
      ...base,
      name: 'Express, by Vendia’s adapter',
      packages: ['express', '@vendia/serverless-express'],
      handlers: { CommonJS: 'vendia.handler' },
      beside: true,
      reasons: [
        {
          contender: 'theirs',
          why: 'the adapter’s handler has three parameters: `function handler (event, context, callback)` (`src/configure.js`). AWS’s client refuses such handlers: `(metadata?.argsNum ?? 0) >= 3` (`index.mjs`). This runtime accepts them if they return a promise.',
        },
      ],
    },
    {
      ...base,
      name: 'Express, by `aws-serverless-express`',
      set: '`proxy(…, "PROMISE").promise`',
      packages: ['express', 'aws-serverless-express'],
      handlers: { CommonJS: 'aws-serverless-express.handler' },
    },
    {
      ...base,
      name: '`getCurrentInvoke()` in an Express route',
      packages: ['express', '@codegenie/serverless-express'],
      shown: 'each request gets the context of its own invocation',
      handlers: { CommonJS: 'current-invoke.handler' },
      beside: true,
      prove: proveAnswers(({ n, requestId }) => httpEvent(`/later/${requestId}`, { n })),
      reasons: [
        {
          layout: SHARED.name,
          why: 'only with one invocation per thread. The adapter keeps one invocation for each thread: `currentInvoke.context = context` (`src/current-invoke.js`). Read it in the first middleware, as in the next row of the table, or set `threads` to the concurrency.',
        },
      ],
    },
    {
      ...base,
      name: '`getCurrentInvoke()` in the first middleware of Express',
      packages: ['express', '@codegenie/serverless-express'],
      shown: 'each request gets the context of its own invocation',
      handlers: { CommonJS: 'current-invoke.handler' },
      prove: proveAnswers(({ n, requestId }) => httpEvent(`/first/${requestId}`, { n })),
    },
    {
      ...base,
      name: 'Koa',
      packages: ['koa', '@koa/router', 'serverless-http'],
      handlers: { 'ES module': 'koa.handler' },
    },
    {
      ...base,
      name: 'hapi, by `server.inject()`',
      packages: ['@hapi/hapi'],
      handlers: { CommonJS: 'hapi.handler' },
    },
    { ...base, name: 'lambda-api', packages: ['lambda-api'], handlers: { CommonJS: 'lambda-api.handler' } },
    {
      ...base,
      name: 'Apollo Server',
      packages: ['@apollo/server', '@as-integrations/aws-lambda'],
      handlers: { 'ES module': 'apollo.handler' },
      prove: graphql,
    },
    {
      ...base,
      name: 'GraphQL Yoga',
      packages: ['graphql-yoga'],
      handlers: { 'ES module': 'yoga.handler' },
      prove: graphql,
    },
    {
      ...base,
      name: 'tRPC',
      packages: ['@trpc/server'],
      handlers: { 'ES module': 'trpc.handler' },
      prove: proveAnswers(
        ({ n, requestId }) => httpEvent('/order', { id: requestId, sent: { n } }),
        ({ n, requestId }) => ({ result: { data: { id: requestId, sent: { n }, requestId } } }),
      ),
    },
    {
      ...base,
      name: 'React Router',
      packages: ['react-router', '@react-router/architect'],
      handlers: { 'ES module': 'react-router.handler' },
    },
    {
      ...base,
      name: 'hono, streamed',
      packages: ['hono'],
      handlers: { 'ES module': 'hono-streaming.handler' },
      prove: proveStreams,
    },
  ],
};
