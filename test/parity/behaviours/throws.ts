import { handlerOf } from '../behaviour.ts';
import type { Behaviour, Case } from '../behaviour.ts';
import { together } from '../together.ts';

/** What becomes of an error: the caller's answer, the X-Ray cause, the log. */
export const throws: readonly Behaviour[] = [
  together('throws all kinds of values', [
    throwing('an Error', 'new Error("broken")'),
    throwing('a TypeError of the engine', 'null.field'),
    throwing(
      'a subclass with a name',
      'new NotFound("no such thing")',
      'class NotFound extends Error { name = "NotFound"; }',
    ),
    throwing('a subclass without a name', 'new NotFound("no such thing")', 'class NotFound extends Error {}'),
    throwing('an error with a cause', 'new Error("outer", { cause: new TypeError("inner") })'),
    throwing('an AggregateError', 'new AggregateError([new Error("one"), new TypeError("two")], "both")'),
    throwing(
      'an error with more properties',
      'Object.assign(new Error("coded"), { code: "E_CODE", statusCode: 418, details: { a: [1] } })',
    ),
    throwing(
      'an error of the system',
      'await import("node:fs/promises").then((fs) => fs.readFile("/no/such/file"))',
    ),
    throwing('an AbortError', 'AbortSignal.abort().reason'),
    throwing(
      'an error of another realm',
      'runInNewContext("new RangeError(\'elsewhere\')")',
      'const { runInNewContext } = await import("node:vm");',
    ),
    throwing('a string', '"just text"'),
    throwing('an empty string', '""'),
    throwing('null', 'null'),
    throwing('undefined', 'undefined'),
    throwing('a number', '42'),
    throwing('a symbol', 'Symbol("s")'),
    throwing('a plain object', '({ a: 1, nested: { b: 2 } })'),
    throwing(
      'an object that looks like an error',
      '({ name: "LooksLike", message: "an error", stack: "LooksLike: an error\\n    at nowhere" })',
    ),
    throwing(
      'an error with non-ASCII text',
      'Object.assign(new Error("größer, 你好, 😀"), { name: "Fëhler" })',
    ),
    throwing('an error without a message', 'new Error()'),
    throwing('an error with several lines', 'new Error("first\\nsecond\\nthird")'),
    throwing('an error with control characters', 'new Error("a\\u007fb\\u0000c\\u001bd")'),
    throwing('an error with a long message', 'new Error("x".repeat(100_000))'),
    throwing('an error without a stack', 'Object.assign(new Error("no stack"), { stack: undefined })'),
    throwing('an error whose stack is a number', 'Object.assign(new Error("odd stack"), { stack: 12 })'),
    throwing('an error with an empty name', 'Object.assign(new Error("no name"), { name: "" })'),
    throwing('an error whose message is an object', 'Object.assign(new Error(), { message: { a: 1 } })'),
    throwing(
      'an error whose getter throws',
      'Object.defineProperty(new Error("hidden"), "message", { get() { throw new Error("no message"); } })',
    ),
    throwing(
      'an error named Runtime.Custom',
      'Object.assign(new Error("own type"), { name: "Runtime.Custom" })',
    ),
    throwing(
      'an error named Function.Custom',
      'Object.assign(new Error("own type"), { name: "Function.Custom" })',
    ),
    throwing(
      'an error whose name has spaces',
      'Object.assign(new Error("own type"), { name: "Not a name: really" })',
    ),
  ]),
  {
    name: 'throws an error that leads back to itself',
    files: handlerOf('const e = new Error("circle"); e.self = e; throw e;'),
  },
  {
    name: 'throws an error of more than 1 MiB',
    files: handlerOf('throw new Error("x".repeat(1_200_000));'),
    events: [{ timeoutMs: 4_000 }],
  },
  {
    name: 'throws in a function that is not async',
    files: 'export const handler = () => { throw new Error("sync"); };',
  },
  {
    name: 'rejects a promise later',
    files:
      'export const handler = () => new Promise((_, reject) => setTimeout(() => reject(new Error("later")), 5));',
  },
  {
    name: 'throws from a helper in another file',
    files: {
      'index.mjs': 'import { help } from "./lib/help.mjs";\nexport const handler = async () => help();\n',
      'lib/help.mjs': 'export function help() {\n  throw new Error("from a helper");\n}\n',
    },
  },
  {
    name: 'throws in CommonJS',
    files: { 'index.js': 'exports.handler = async () => { throw new Error("from CommonJS"); };' },
  },
  {
    name: 'throws with source maps',
    files: handlerOf('throw new Error("mapped");'),
    env: { NODE_OPTIONS: '--enable-source-maps' },
  },
  {
    name: 'throws with a prepareStackTrace that returns an array',
    files: handlerOf('throw new Error("sites");', 'Error.prepareStackTrace = (_, sites) => sites;'),
  },
  {
    name: 'throws, and answers the next event',
    files: handlerOf('if (event.bad) throw new Error("bad"); return "good";'),
    events: [{ body: '{"bad":true}' }, {}],
  },
  {
    name: 'throws for a tenant with a trace id',
    files: handlerOf('throw new Error("traced");'),
    events: [
      {
        tenantId: 'tenant-1',
        traceId: 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1',
      },
    ],
  },
];

function throwing(what: string, expression: string, before = ''): Case {
  return { name: `throws ${what}`, body: `${before}\nthrow ${expression};` };
}
