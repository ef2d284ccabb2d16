import { handlerOf } from '../behaviour.ts';
import type { Behaviour, Case } from '../behaviour.ts';
import { together } from '../together.ts';

const LEVELS =
  'for (const level of ["trace", "debug", "log", "info", "warn", "error", "fatal"]) console[level]?.(`by ${level}`);';

/** What a handler's calls of the console write. */
export const logs: readonly Behaviour[] = [
  together('logs', [
    logging('at each level', LEVELS),
    logging(
      'single values',
      'for (const value of ["text", 1, NaN, true, null, undefined, 1n, Symbol("s"), "", [], [1, "a"], {}, { a: { b: { c: { d: { e: 1 } } } } }]) console.log(value);',
    ),
    logging('nothing', 'console.log();'),
    logging(
      'objects with forms of their own',
      'for (const value of [new Date(0), Buffer.from("abc"), new Map([[1, 2]]), new Set([1]), /x/g, () => 1, class A {}, { toJSON: () => "as JSON" }, { toJSON() { throw new Error("no"); } }, new (class Point { x = 1; })()]) console.log(value);',
    ),
    logging(
      'an object that leads back to itself',
      'const o = { a: 1 }; o.self = o; console.log(o); console.log("circle:", o);',
    ),
    logging(
      'an object with the keys of a line',
      'console.log({ timestamp: "t", level: "L", requestId: "r", message: "m", extra: 1 });',
    ),
    logging(
      'several arguments',
      'console.log("a", 1, { b: 2 }, [3], null, undefined); console.log({ a: 1 }, "behind"); console.log(1, 2);',
    ),
    logging(
      'format strings',
      'console.log("%s is %d and %i, %j, %o, %O, %%, %c.", "x", 1.5, 1.5, { a: 1 }, [1], { b: 2 }, "css"); console.log("100%"); console.log("%s"); console.log("%d", "x", "more");',
    ),
    logging('an error alone', 'console.error(new TypeError("alone"));'),
    logging('an error behind a text', 'console.error("It failed:", new TypeError("behind"));'),
    logging('an error in front of a text', 'console.error(new TypeError("in front"), "text");'),
    logging(
      'an error with a cause and more properties',
      'console.error(Object.assign(new Error("outer", { cause: new TypeError("inner") }), { code: "E_CODE", detail: { a: 1 } }));',
    ),
    logging(
      'an error in an object',
      'console.error({ error: new TypeError("inside"), list: [new Error("in a list")] });',
    ),
    logging(
      'an AggregateError',
      'console.error(new AggregateError([new Error("one"), new Error("two")], "both"));',
    ),
    logging('two errors', 'console.error("both", new TypeError("first"), new RangeError("second"));'),
    logging(
      'text with line breaks',
      'console.log("first\\nsecond\\r\\nthird\\rfourth"); console.log({ text: "first\\nsecond" });',
    ),
    logging(
      'control characters and non-ASCII text',
      'console.log("ä 你好 😀 \\u0000 \\u001b[31m \\u2028 \\ud83d");',
    ),
    {
      ...logging('for a tenant', 'console.log("by a tenant"); console.error(new Error("of a tenant"));'),
      event: { tenantId: 'tenant-1' },
    },
  ]),
  {
    name: 'logs an error that leads back to itself',
    files: handlerOf(
      'const e = new Error("circle"); e.self = e; console.error(e); console.error("text", e);',
    ),
  },
  {
    name: 'logs 300 kB in a line',
    files: handlerOf('console.log("x".repeat(300_000));'),
  },
  {
    name: 'logs with the other methods of the console',
    files: handlerOf(
      'console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 }); console.table([{ a: 1 }]); console.group("group"); console.log("inside"); console.groupEnd(); console.count(); console.assert(false, "asserted"); console.assert(true, "not"); console.dirxml("x");',
    ),
  },
  {
    name: 'logs with the streams of the process',
    files: handlerOf(
      'process.stdout.write("to stdout\\n"); process.stderr.write("to stderr\\n"); process.stdout.write("no line break");',
    ),
  },
  ...['TRACE', 'DEBUG', 'WARN', 'ERROR', 'FATAL'].map(atLevel),
  {
    name: 'logs while it loads, and with a method that it took then',
    files: handlerOf(
      'log("in the handler");',
      'const { log } = console; log("while loading"); console.error(new Error("while loading"));',
    ),
    layouts: ['single', 'shared'],
  },
  {
    name: 'logs after the answer',
    files: handlerOf(
      'if (event.wait) { resume(); await late; return "waited"; } late = new Promise((resolve) => { resume = resolve; }).then(() => console.log("late"));',
      'let late; let resume;',
    ),
    events: [{}, { body: '{"wait":true}' }],
    layouts: ['single', 'shared'],
  },
  {
    name: 'logs from four invocations at once',
    files: handlerOf(
      'console.log(`begins ${event.n}`); waiting += 1; if (waiting === event.of) release(); await all; await new Promise(setImmediate); console.log(`ends ${event.n}`); return event.n;',
      'let waiting = 0; let release; const all = new Promise((resolve) => { release = resolve; });',
    ),
    events: [0, 1, 2, 3].map((n) => ({ body: JSON.stringify({ n, of: 4 }) })),
    atOnce: true,
    layouts: ['shared'],
  },
  together(
    'logs, format Text',
    [
      inText('at each level', LEVELS),
      inText(
        'single values',
        'for (const value of ["text", 1, null, undefined, [1, "a"], { a: 1 }]) console.log(value); console.log();',
      ),
      inText('text with line breaks', 'console.log("first\\nsecond\\r\\nthird");'),
      inText('an error alone', 'console.error(new TypeError("alone"));'),
      inText('an error behind a text', 'console.error("It failed:", new TypeError("behind"));'),
      { ...inText('for a tenant', 'console.log("by a tenant");'), event: { tenantId: 'tenant-1' } },
      {
        name: 'throws an error with a cause, format Text',
        body: 'throw Object.assign(new Error("broken", { cause: new Error("inner") }), { code: "E_CODE" });',
      },
      { name: 'throws a string, format Text', body: 'throw "just text";' },
    ],
    { env: { AWS_LAMBDA_LOG_FORMAT: 'Text' } },
  ),
  {
    name: 'throws an Error, with the level ERROR',
    files: handlerOf('console.warn("not written"); throw new Error("broken");'),
    env: { AWS_LAMBDA_LOG_LEVEL: 'ERROR' },
  },
  {
    name: 'throws an Error, with the level FATAL',
    files: handlerOf('throw new Error("broken");'),
    env: { AWS_LAMBDA_LOG_LEVEL: 'FATAL' },
  },
];

function logging(what: string, body: string): Case {
  return { name: `logs ${what}`, body };
}

function atLevel(level: string): Behaviour {
  return {
    name: `logs at each level, with the level ${level}`,
    files: handlerOf(LEVELS),
    env: { AWS_LAMBDA_LOG_LEVEL: level },
  };
}

function inText(what: string, body: string): Case {
  return { name: `logs ${what}, format Text`, body };
}
