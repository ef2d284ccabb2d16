import { setTimeout } from 'node:timers/promises';

/** Streams one part at once and another after the given number of milliseconds. */
export const handler = awslambda.streamifyResponse(async ({ waitMs }, responseStream) => {
  responseStream.write('first');
  await setTimeout(waitMs);
  responseStream.end('second');
});
