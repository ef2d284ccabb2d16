import { Hono } from 'hono';
import { streamHandle } from 'hono/aws-lambda';
import { streamText } from 'hono/streaming';
import { hold } from './upstream.mjs';

const app = new Hono();
app.post('/orders/:id', async (c) => {
  const id = c.req.param('id');
  const sent = await c.req.json();
  return streamText(c, async (stream) => {
    await hold(id);
    await stream.write(JSON.stringify({ id, sent, requestId: c.env.context.awsRequestId }));
  });
});

export const handler = streamHandle(app);
