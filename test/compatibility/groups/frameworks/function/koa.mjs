import Koa from 'koa';
import Router from '@koa/router';
import serverless from 'serverless-http';
import { hold } from './upstream.mjs';

const app = new Koa();
const router = new Router();
router.post('/orders/:id', async (ctx) => {
  await hold(ctx.params.id);
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  ctx.status = 200;
  ctx.body = { id: ctx.params.id, sent: JSON.parse(Buffer.concat(chunks)), requestId: ctx.req.lambda.awsRequestId };
});
app.use(router.routes());

export const handler = serverless(app, {
  request(request, _event, context) {
    request.lambda = context;
  },
});
