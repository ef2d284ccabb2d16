import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

/** Streamed responses. */
export const streamReasons: readonly Reason[] = [
  {
    what: 'an error before the first byte of a stream',
    theirs: 'an empty response with the error in its trailers',
    ours: 'an ordinary error',
    why: 'Callers that do not stream get an error instead of an empty response.',
    covers: like({ in: /^streams: /, at: /answer\.inTrailers/, ours: /false/, theirs: /true/ }),
  },
  {
    what: '`HttpResponseStream.from(stream, metadata)` and `end()` without a `write`',
    theirs: 'The metadata is lost.',
    ours: 'The metadata is sent.',
    why: 'Redirects and responses with status 204 have no body.',
    covers: like({ in: /^streams: sends metadata and ends/, at: /answer\.body/, ours: /statusCode/ }),
  },
  {
    what: '`HttpResponseStream.from(stream)` without metadata',
    theirs: 'a `TypeError` at the first write',
    ours: '`{}`',
    why: 'A function URL can read the response.',
    covers: like({ in: /^streams: sends no metadata$/ }),
  },
  {
    what: 'objects written to a stream',
    theirs: 'They become JSON.',
    ours: 'a `TypeError` that says what to write instead',
    why: 'Node’s own streams throw as well, and a silent conversion hides mistakes.',
    covers: like({ in: /^streams: writes an object$/ }),
  },
  {
    what: 'the return value of a streaming handler',
    theirs: 'ignored, with a WARN line for each invocation',
    ours: 'ignored',
    why: '`async (event, stream) => stream.end(text)` is correct code and returns a value.',
    covers: like({ in: /^streams: returns a value$/, at: /log/, ours: absent }),
  },
  {
    what: 'a streaming handler that does not return a promise',
    theirs: 'The response is sent, and an ERROR line says that such handlers are not supported.',
    ours: 'The response is sent. The invocation ends with its stream.',
    why: 'A handler may return while it still pipes to its stream.',
    covers: like({ in: /^streams: is not async$/, at: /log/, ours: absent }),
  },
  {
    what: 'a write after `stream.end()`',
    theirs: 'Without threads the process ends.',
    ours: 'The response stays complete.',
    why: 'One invocation cannot end the environment.',
    covers: like({ in: /^streams: writes after the end$/ }),
  },
  {
    what: '`stream.destroy(error)`',
    theirs: 'The response is cut off. Without threads the process ends.',
    ours: 'The error goes into the trailers.',
    why: 'The caller gets the cause.',
    covers: like({ in: /^streams: destroys the stream$/, at: /answer.*|log.*|exit/ }),
  },
  {
    what: '`setContentType` after the first byte',
    theirs: '`Runtime.InvalidStreamingOperation`',
    ours: 'the same type, with another message',
    why: 'The message says what to do.',
    covers: like({
      in: /^streams: sets a content type after/,
      at: /(answer\.body|log\.message)\.(errorMessage|trace|stackTrace)/,
    }),
  },
  {
    what: 'members of the response stream',
    theirs: 'some members of `Writable`',
    ours: 'all members of a Node.js `Writable`, with the `highWaterMark` of the options',
    why: 'Libraries that take a `Writable` work.',
    covers: like({ in: /^streams: (looks at the stream|takes a high water mark)$/, at: /answer\.body.*/ }),
  },
];
