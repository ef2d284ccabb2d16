/**
 * Compiled, never run: the types of this package and those of @types/aws-lambda are interchangeable.
 *
 * AWS's `Handler` requires a callback and accepts results only in promises. So contexts and the handlers that
 * people write are compatible in both directions, but the two `Handler` types themselves are not.
 */
import type * as aws from 'aws-lambda';
import { HttpResponseStream, streamifyResponse } from '../../workers/index.ts';
import type { Context, Handler } from '../../workers/index.ts';

interface Event {
  name: string;
}

declare const ours: Context;
declare const theirs: aws.Context;

/** Our context has everything that a handler typed for AWS requires. */
export const contextForAws: aws.Context = ours;

/** AWS's context and the two additional fields make our context. */
export const contextForUs: Context = { ...theirs, deadlineMs: 0, signal: AbortSignal.timeout(0) };

/** Handlers written with AWS's types have our type: async ones, and sync ones with two parameters. */
const asyncForAws = async (event: Event, context: aws.Context) => `${event.name} ${context.awsRequestId}`;
const syncForAws = (event: Event, context: aws.Context) => `${event.name} ${context.awsRequestId}`;
export const ourHandlers: Handler<Event, string>[] = [asyncForAws, syncForAws];

/** Handlers written with our types have AWS's type if they use nothing that only our context has. */
const asyncForUs = async (event: Event, context: Pick<Context, keyof aws.Context>) =>
  `${event.name} ${context.awsRequestId} ${context.tenantId ?? ''}`;
export const theirHandler: aws.Handler<Event, string> = asyncForUs;

/** Handlers written with our types use what only this runtime has without optional chaining. */
export const inBackground: Handler = (_event, context) => {
  context.waitUntil(fetch('https://example.com', { signal: context.signal }));
  return context.w3c().traceparent;
};

/** Streaming handlers, with AWS's global and with our function, whose context has the additional fields. */
export const streamedForAws = awslambda.streamifyResponse(async (event: Event, responseStream, context) => {
  const response = awslambda.HttpResponseStream.from(responseStream, { statusCode: 200 });
  response.end(`${event.name} ${context.awsRequestId}`);
});
export const streamedForUs = streamifyResponse<Event>(
  async (event, responseStream, context) => {
    context.waitUntil(fetch('https://example.com', { signal: context.signal }));
    HttpResponseStream.from(responseStream, { statusCode: 200 }).end(event.name);
  },
  { highWaterMark: 65_536 },
);

// An unused directive is an error, so these directives prove that invalid handlers are refused.
// @ts-expect-error a number is not an event of this handler
export const wrongEvent: Handler<Event, string> = async (event: number) => String(event);
// @ts-expect-error the result is a string
export const wrongResult: Handler<Event, string> = async () => 1;
// @ts-expect-error callback handlers are refused
export const callbackHandler: Handler<Event, string> = (_event, _context, callback) => callback();
