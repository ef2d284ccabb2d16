import { absent, like } from './reason.ts';
import type { Reason } from './reason.ts';

/** Streamed responses. */
export const streamReasons: readonly Reason[] = [
  {
    what: 'an error before the first byte of a stream',
    theirs: 'a response of no bytes, the error in its trailers',
    ours: 'an ordinary error',
    why: 'Callers without streaming get an error in the place of an empty response.',
    covers: like({ in: /^streams: /, at: /answer\.inTrailers/, ours: /false/, theirs: /true/ }),
  },
  {
    what: '`HttpResponseStream.from(stream, metadata)` and `end()` without a `write`',
    theirs: 'the metadata are lost',
    ours: 'they are sent',
    why: 'A redirect or a 204 has no body.',
    covers: like({ in: /^streams: sends metadata and ends/, at: /answer\.body/, ours: /statusCode/ }),
  },
  {
    what: '`HttpResponseStream.from(stream)` without metadata',
    theirs: 'a `TypeError` at the first write',
    ours: '`{}`',
    why: 'A Function URL answers with 200 then.',
    covers: like({ in: /^streams: sends no metadata$/ }),
  },
  {
    what: 'an object that is written to a stream',
    theirs: 'becomes JSON',
    ours: 'a `TypeError` that says what to write',
    why: 'It is what Node’s own streams do; `[object Object]` and half of a JSON document are hard to find.',
    covers: like({ in: /^streams: writes an object$/ }),
  },
  {
    what: 'a value that a streaming handler returns',
    theirs: 'ignored, with a WARN line each time',
    ours: 'ignored',
    why: '`async (event, stream) => stream.end(text)` returns one, and is right.',
    covers: like({ in: /^streams: returns a value$/, at: /log/, ours: absent }),
  },
  {
    what: 'an error after the end of a stream',
    theirs: 'only in the log',
    ours: 'in the log, and in the trailers where the end is not on its way yet',
    why: 'The caller hears of it where it still can.',
    covers: like({ in: /^streams: throws after the end$/, at: /answer/, layouts: ['single'] }),
  },
  {
    what: 'a write to a stream that has ended',
    theirs: 'without threads the process ends',
    ours: 'the response is complete already',
    why: 'One invocation must not end the environment.',
    covers: like({ in: /^streams: writes after the end$/ }),
  },
  {
    what: 'a stream that the handler destroys with an error',
    theirs: '`Runtime.TruncatedResponse`, or the connection is cut off',
    ours: 'that error, behind what was written',
    why: 'The caller gets the cause.',
    covers: like({ in: /^streams: destroys the stream$/, at: /answer.*|log.*|exit/ }),
  },
  {
    what: '`setContentType` after the first byte',
    theirs: '`Runtime.InvalidStreamingOperation`',
    ours: 'the same, with what to do in the message',
    why: 'A message is for people.',
    covers: like({ in: /^streams: sets a content type after/, at: /answer\.body\.errorMessage/ }),
  },
  {
    what: 'members of the response stream',
    theirs: 'a choice of them',
    ours: 'a `Writable` of Node’s, with `writableHighWaterMark` as asked for',
    why: 'What takes a `Writable` takes it.',
    covers: like({ in: /^streams: (looks at the stream|takes a high water mark)$/, at: /answer\.body.*/ }),
  },
];
