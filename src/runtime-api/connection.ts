import { Client } from 'undici';

/** The path that all of the Runtime API's paths begin with. */
export const API_VERSION = '/2018-06-01';

/** How long the Runtime API may take to answer a post, in ms. A poll has no limit. */
export const POST_TIMEOUT_MS = 10_000;

/** A connection to the Runtime API: one request after another, `/next` may be written right behind an answer. */
export function connect(runtimeApi: string): Client {
  return new Client(`http://${runtimeApi}`, {
    pipelining: 2,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 600_000,
    keepAliveMaxTimeout: 600_000,
    maxHeaderSize: 64 * 1024,
    connect: { timeout: 5_000 },
  });
}
