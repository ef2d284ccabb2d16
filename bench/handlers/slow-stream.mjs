import { setTimeout } from 'node:timers/promises';

/** Streams one part at once, and another when that many milliseconds have passed. */
export const handler = awslambda.streamifyResponse(async ({ waitMs }, responseStream) => {
  responseStream.write('first');
  await setTimeout(waitMs);
  responseStream.end('second');
});
