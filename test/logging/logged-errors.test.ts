import { describe, expect, it } from 'vitest';
import { LoggedErrorDescriber } from '../../src/invocation/logged-error.ts';

/** The fields that the log line of an error with these fields has, as JSON has them. */
function logged(fields: object): Record<string, unknown> {
  const described = new LoggedErrorDescriber().describe(Object.assign(new Error('failed'), fields));
  return JSON.parse(JSON.stringify(described)) as Record<string, unknown>;
}

const throws = (): never => {
  throw new Error('unreadable');
};

describe('the own fields of an error in a log line', () => {
  it('are the values that JSON can represent, and others as text', () => {
    const fields = {
      text: 't',
      number: 7,
      yes: true,
      none: null,
      list: [1, [2]],
      object: { deep: { er: 1 } },
    };
    expect(logged(fields)).toMatchObject(fields);
    expect(logged({ big: 7n, bytes: new Uint16Array(3) })).toMatchObject({ big: '7n', bytes: '[6 bytes]' });
  });

  it('are omitted if JSON has no value for them, and are null in lists', () => {
    const odd = { nothing: undefined, call: throws, symbol: Symbol('odd') };
    expect(Object.keys(logged(odd)).toSorted()).toEqual(['errorMessage', 'errorType', 'stackTrace']);
    expect(logged({ list: Object.values(odd), holes: Array.from({ length: 2 }) })).toMatchObject({
      list: [null, null, null],
      holes: [null, null],
    });
  });

  it('are the results of toJSON, of the error and of its values', () => {
    expect(logged({ at: new Date(0), own: { toJSON: () => ({ shown: 1 }), hidden: 2 } })).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      own: { shown: 1 },
    });
    expect(logged({ toJSON: () => ({ shown: 1 }), hidden: 2 })).not.toHaveProperty('hidden');
    const text = logged({ toJSON: () => 'a text', hidden: 2 });
    expect(Object.keys(text).toSorted()).toEqual(['errorMessage', 'errorType', 'stackTrace']);
  });

  it('may throw when they are read', () => {
    const refusing = new Proxy({}, { ownKeys: throws });
    const fields = Object.defineProperty({ good: 1, refusing }, 'bad', { get: throws, enumerable: true });
    const error = Object.defineProperties(new Error('failed'), Object.getOwnPropertyDescriptors(fields));
    expect(new LoggedErrorDescriber().describe(error)).toMatchObject({ good: 1, refusing: {} });
    expect(logged({ toJSON: throws, good: 1 })).toMatchObject({ good: 1 });
  });

  it('are shown as [Circular] where they refer back', () => {
    const circle: { self?: object; list?: object[] } = {};
    circle.self = circle;
    circle.list = [circle];
    expect(logged({ circle })).toMatchObject({ circle: { self: '[Circular]', list: ['[Circular]'] } });
  });

  it('end at the fifth level', () => {
    const at = (end: unknown) => ({ a: { b: { c: { d: { e: end } } } } });
    expect(logged(at({ f: 1 }))).toMatchObject(at('[Object]'));
    expect(logged(at([1]))).toMatchObject(at('[Array]'));
    expect(logged(at(new RangeError('deep')))).toMatchObject(at('RangeError: deep'));
  });

  it('describe nested errors in full', () => {
    const inner = Object.assign(new RangeError('inner'), { code: 'E_INNER', picture: 'cat' });
    expect(logged({ failures: [inner] })['failures']).toMatchObject([
      { errorType: 'RangeError', errorMessage: 'inner', code: 'E_INNER', picture: 'cat' },
    ]);
  });

  it('are the first hundred of a list or of an object, and the number of the others', () => {
    const many = Array.from({ length: 103 }, (_, index) => index);
    const { list, object } = logged({ list: many, object: Object.fromEntries(many.entries()) });
    expect(list).toEqual([...many.slice(0, 100), '… (3 more)']);
    expect(object).toEqual({ ...Object.fromEntries(many.slice(0, 100).entries()), '…': '3 more' });
  });

  it('are a thousand values at most, then only numbers', () => {
    const lists = Array.from({ length: 11 }, () => Array.from({ length: 99 }, () => 'x'));
    expect(logged({ ...lists, text: 't', object: {}, list: [], number: 7 })).toMatchObject({
      text: '…',
      object: '…',
      list: '…',
      number: 7,
    });
  });
});

describe('errors that a log line holds', () => {
  it('are only named after the first 50 in a line', () => {
    const describer = new LoggedErrorDescriber();
    const each = Array.from({ length: 51 }, (_, index) => new RangeError(`number ${index}`));
    const described = each.map((error) => describer.describeNested(error));
    expect(described[49]).toMatchObject({ errorType: 'RangeError', errorMessage: 'number 49' });
    expect(described[50]).toBe('RangeError: number 50');
  });

  it('are left out of the fields of another error beyond that number', () => {
    const failures = Array.from({ length: 60 }, (_, index) => new Error(`number ${index}`));
    const { failures: described } = logged({ failures });
    expect(described).toMatchObject({ 48: { errorMessage: 'number 48' }, 49: '…', 59: '…' });
  });

  it('have the name of their class if it sets none', () => {
    class ConfigMissing extends Error {}
    class Named extends Error {
      override name = 'GivenName';
    }
    const typeOf = (error: Error) => new LoggedErrorDescriber().describe(error).errorType;
    expect([new ConfigMissing(), new Named(), new TypeError()].map(typeOf)).toEqual([
      'ConfigMissing',
      'GivenName',
      'TypeError',
    ]);
  });
});
