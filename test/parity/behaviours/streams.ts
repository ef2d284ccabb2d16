import { streamingHandlerOf } from '../behaviour.ts';
import type { Behaviour, Case } from '../behaviour.ts';
import { together } from '../together.ts';

const SHORT_MS = 4_000;

/** Streamed responses. */
export const streams: readonly Behaviour[] = [
  together(
    'streams',
    [
      streaming(
        'writes and ends',
        'stream.write("one "); stream.write(Buffer.from("two ")); stream.write(new Uint8Array([51])); stream.end();',
      ),
      streaming('ends with a last chunk', 'stream.end("all");'),
      streaming('ends without a byte', 'stream.end();'),
      streaming(
        'sets a content type',
        'stream.setContentType("text/plain"); stream.write("text"); stream.end();',
      ),
      streaming(
        'sends metadata',
        'const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "content-type": "text/plain", "x-a": "ä" }, cookies: ["a=1"] }); http.write("body"); http.end();',
      ),
      streaming(
        'sends metadata and ends without a write',
        'awslambda.HttpResponseStream.from(stream, { statusCode: 204 }).end();',
      ),
      streaming(
        'sends metadata and ends with a last chunk',
        'awslambda.HttpResponseStream.from(stream, { statusCode: 200 }).end("last");',
      ),
      streaming(
        'sends metadata twice',
        'awslambda.HttpResponseStream.from(stream, { statusCode: 200 }); const http = awslambda.HttpResponseStream.from(stream, { statusCode: 404 }); http.write("body"); http.end();',
      ),
      streaming(
        'sends no metadata',
        'const http = awslambda.HttpResponseStream.from(stream); http.write("body"); http.end();',
      ),
      streaming('throws before the first byte', 'throw new TypeError("before");'),
      streaming(
        'throws after the first byte',
        'stream.write("part"); await new Promise(setImmediate); throw Object.assign(new TypeError("größer"), { code: "E_CODE" });',
      ),
      streaming(
        'throws after metadata',
        'const http = awslambda.HttpResponseStream.from(stream, { statusCode: 200 }); http.write("part"); await new Promise(setImmediate); throw new Error("after metadata");',
      ),
      streaming('throws a string', 'stream.write("part"); throw "just text";'),
      streaming('returns a value', 'stream.end("all"); return "a value";'),
      streaming('writes an object', 'stream.write({ a: 1 }); stream.end();'),
      streaming(
        'pipes into the stream',
        'await pipeline(Readable.from(["a", "b", "c"]), stream);',
        'const { pipeline } = await import("node:stream/promises"); const { Readable } = await import("node:stream");',
      ),
      streaming(
        'pipes a generator with metadata',
        'const http = awslambda.HttpResponseStream.from(stream, { statusCode: 200 }); await pipeline(async function* () { yield "a"; yield "b"; }, http);',
        'const { pipeline } = await import("node:stream/promises");',
      ),
      streaming(
        'awaits that it drains',
        'let drained = 0; for (let n = 0; n < 40; n += 1) if (!stream.write("x".repeat(64 * 1024))) { await once(stream, "drain"); drained += 1; } stream.end(drained > 0 ? "drained" : "never full");',
        'const { once } = await import("node:events");',
      ),
      streaming(
        'waits for finish',
        'stream.on("finish", () => console.log("finished")); stream.on("close", () => console.log("closed")); stream.end("all");',
      ),
      streaming(
        'uses callbacks of write and end',
        'await new Promise((resolve) => stream.write("a", resolve)); await new Promise((resolve) => stream.write("b", "utf8", resolve)); stream.end("c", () => console.log("ended"));',
      ),
      streaming(
        'writes 8 MiB',
        'for (let n = 0; n < 8; n += 1) if (!stream.write(Buffer.alloc(1024 * 1024, 97))) await once(stream, "drain"); stream.end();',
        'const { once } = await import("node:events");',
      ),
      streaming(
        'looks at the stream',
        'const names = ["writable", "writableEnded", "writableFinished", "writableNeedDrain", "writableLength", "writableCorked", "writableObjectMode", "destroyed"]; const before = Object.fromEntries(names.map((name) => [name, stream[name]])); const methods = ["write", "end", "cork", "uncork", "destroy", "on", "once", "off", "emit", "pipe", "setContentType", "setDefaultEncoding", "listenerCount"].map((name) => [name, typeof stream[name]]); stream.end(JSON.stringify({ before, methods: Object.fromEntries(methods) }));',
      ),
      streaming(
        'gets a context',
        'stream.end(JSON.stringify({ count: typeof context, id: context.awsRequestId, rest: typeof context.getRemainingTimeInMillis() }));',
      ),
    ],
    { streams: true },
  ),
  alone(
    'sets a content type after the first byte',
    'stream.write("text"); stream.setContentType("text/plain"); stream.end();',
  ),
  alone(
    'sends metadata that is not JSON',
    'const http = awslambda.HttpResponseStream.from(stream, { statusCode: 1n }); http.write("body"); http.end();',
  ),
  alone('throws after the end', 'stream.end("all"); throw new Error("after the end");'),
  alone('never ends the stream', 'stream.write("part");'),
  alone('writes after the end', 'stream.end("all"); await new Promise(setImmediate); stream.write("more");'),
  alone(
    'destroys the stream',
    'stream.write("part"); await new Promise(setImmediate); stream.destroy(new Error("destroyed"));',
  ),
  alone(
    'leaves the stream open past its deadline',
    'stream.write("part"); await new Promise(() => {});',
    1_500,
  ),
  {
    name: 'streams: is not async',
    files: 'export const handler = awslambda.streamifyResponse((event, stream) => { stream.end("all"); });',
    events: [{ timeoutMs: SHORT_MS }],
  },
  {
    name: 'streams: takes a high water mark',
    files:
      'export const handler = awslambda.streamifyResponse(async (event, stream) => { stream.end(String(stream.writableHighWaterMark)); }, { highWaterMark: 1000 });',
  },
  {
    name: 'streams: two responses one after the other',
    files: streamingHandlerOf('stream.write(event.text); stream.end();'),
    events: [{ body: '{"text":"one"}' }, { body: '{"text":"two"}' }],
  },
  {
    name: 'streams: throws before the first byte, format Text',
    files: streamingHandlerOf('throw new Error("before");'),
    env: { AWS_LAMBDA_LOG_FORMAT: 'Text' },
  },
];

function streaming(what: string, body: string, before = ''): Case {
  return { name: `streams: ${what}`, body: `${before}\n${body}` };
}

/** For what may leave a connection or a thread in a state of its own. */
function alone(what: string, body: string, timeoutMs = SHORT_MS): Behaviour {
  return { name: `streams: ${what}`, files: streamingHandlerOf(body), events: [{ timeoutMs }] };
}
