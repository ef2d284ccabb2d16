import { initTRPC } from '@trpc/server';
import { awsLambdaRequestHandler } from '@trpc/server/adapters/aws-lambda';
import { hold } from './upstream.mjs';

const t = initTRPC.context().create();
const router = t.router({
  order: t.procedure
    .input((value) => value)
    .mutation(async ({ input, ctx }) => {
      await hold(input.id);
      return { id: input.id, sent: input.sent, requestId: ctx.requestId };
    }),
});

export const handler = awsLambdaRequestHandler({
  router,
  createContext: ({ context }) => ({ requestId: context.awsRequestId }),
});
