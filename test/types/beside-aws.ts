/**
 * Compiled, never run: the types of this package and those of @types/aws-lambda take each other's place.
 *
 * AWS's `Handler` demands a callback and knows no result that isn't in a promise. So what goes both ways are contexts,
 * and the handlers that people write; not the two types `Handler` as wholes.
 */
import type * as aws from 'aws-lambda';
import { HttpResponseStream, streamifyResponse } from '../../workers/index.ts';
import type { Context, Handler } from '../../workers/index.ts';

interface Event {
  name: string;
}

declare const ours: Context;
declare const theirs: aws.Context;

/** What a handler that was typed for AWS asks for, ours has. */
export const contextForAws: aws.Context = ours;

/** What AWS gives, and the two fields that only we have, make a context of ours. */
export const contextForUs: Context = { ...theirs, deadlineMs: 0, signal: AbortSignal.timeout(0) };

/** Handlers written with AWS's types are ours: async ones, and sync ones with two parameters. */
const asyncForAws = async (event: Event, context: aws.Context) => `${event.name} ${context.awsRequestId}`;
const syncForAws = (event: Event, context: aws.Context) => `${event.name} ${context.awsRequestId}`;
export const ourHandlers: Handler<Event, string>[] = [asyncForAws, syncForAws];

/** Handlers written with our types are AWS's, where they ask for nothing that only we have. */
const asyncForUs = async (event: Event, context: Pick<Context, keyof aws.Context>) =>
  `${event.name} ${context.awsRequestId} ${context.tenantId ?? ''}`;
export const theirHandler: aws.Handler<Event, string> = asyncForUs;

/** In a handler of ours, what only this runtime has needs no question mark. */
export const inBackground: Handler = (_event, context) => {
  context.waitUntil(fetch('https://example.com', { signal: context.signal }));
  return context.w3c().traceparent;
};

/** Streaming handlers, with AWS's global and with ours, which knows what only our context has. */
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

// The unused directive would be an error: what is not a handler isn't taken for one.
// @ts-expect-error a number is no event of this handler
export const wrongEvent: Handler<Event, string> = async (event: number) => String(event);
// @ts-expect-error the result is a string
export const wrongResult: Handler<Event, string> = async () => 1;
// @ts-expect-error callback handlers are refused
export const callbackHandler: Handler<Event, string> = (_event, _context, callback) => callback();
