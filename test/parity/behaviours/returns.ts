import { handlerOf } from '../behaviour.ts';
import type { Behaviour, Case } from '../behaviour.ts';
import { together } from '../together.ts';

/** What becomes of a result. */
export const returns: readonly Behaviour[] = [
  together('returns all kinds of results', [
    returning('undefined', 'undefined'),
    returning('null', 'null'),
    returning('NaN', 'NaN'),
    returning('a BigInt', '1n'),
    returning('an object that leads back to itself', '(() => { const o = {}; o.self = o; return o; })()'),
    returning('a Date', 'new Date(0)'),
    returning('a Buffer', 'Buffer.from("abc")'),
    returning('a Map, a Set and a typed array', '[new Map([[1, 2]]), new Set([1]), new Uint8Array([1, 2])]'),
    returning('an Error', 'new TypeError("returned")'),
    returning('a string', '"grün, 你好, 😀"'),
    returning('half of a surrogate pair', '"\\ud83d"'),
    returning('an empty string', '""'),
    returning('a function', '() => 1'),
    returning('a symbol', 'Symbol("s")'),
    returning(
      'an object with fields that JSON leaves out',
      '({ a: undefined, b() {}, c: Symbol("c"), d: [undefined] })',
    ),
    returning('an object whose toJSON throws', '({ toJSON() { throw new RangeError("no JSON"); } })'),
    returning('an object whose getter throws', '({ get a() { throw new RangeError("no value"); } })'),
    returning('a thenable', '({ then(resolve) { resolve({ thenable: true }); } })'),
    returning('a response for API Gateway', '({ statusCode: 201, headers: { "x-a": "ä" }, body: "ok" })'),
    returning('5 MiB', '"x".repeat(5 * 1024 * 1024)'),
    returning('more than 6 MiB', '"x".repeat(6 * 1024 * 1024 + 200)'),
  ]),
  {
    name: 'returns a value from a function that is not async',
    files: 'export const handler = () => ({ sync: true });',
  },
  {
    name: 'returns a promise from a function that is not async',
    files: 'export const handler = () => new Promise((resolve) => setImmediate(resolve, "later"));',
  },
  {
    name: 'echoes events that are not objects',
    files: handlerOf('return { type: typeof event, isNull: event === null, event };'),
    events: ['"text"', '[1,2]', '12', 'null', 'true', '{"ü":"😀"}', ' {"a" : 1} '].map((body) => ({ body })),
  },
  {
    name: 'gets an empty event',
    files: handlerOf('return { event };'),
    events: [{ body: '', timeoutMs: 3_000 }, {}],
  },
  {
    name: 'gets an event that is not JSON',
    files: handlerOf('return { event };'),
    events: [{ body: '{oops', timeoutMs: 3_000 }, {}],
  },
  {
    name: 'gets an event with a key __proto__',
    files: handlerOf('return { own: Object.keys(event), polluted: {}.polluted };'),
    events: [{ body: '{"__proto__":{"polluted":1}}' }],
  },
  {
    name: 'gets an event of 1 MiB',
    files: handlerOf('return event.text.length;'),
    events: [{ body: JSON.stringify({ text: 'ü'.repeat(512 * 1024) }) }],
  },
];

function returning(what: string, expression: string): Case {
  return { name: `returns ${what}`, body: `return ${expression};` };
}
