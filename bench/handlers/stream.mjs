import { once } from 'node:events';

/** Streams the given number of bytes in writes of 64 KiB, as fast as the reader accepts them. */
export const handler = awslambda.streamifyResponse(async ({ bytes }, responseStream) => {
  const part = Buffer.alloc(65_536, 'x');
  for (let left = bytes; left > 0; left -= part.byteLength) {
    if (!responseStream.write(part.subarray(0, left))) await once(responseStream, 'drain');
  }
  responseStream.end();
});
