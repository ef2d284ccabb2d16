import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose, encodeThrown } from '../src/invocation/diagnostic.ts';
import type { Diagnostic } from '../src/invocation/diagnostic.ts';

const MIB = 1024 * 1024;

/** Values of every type, and objects made of them. */
const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
} as fc.ObjectConstraints);

/** Values that the fields of a manipulated error may have. */
const odd = fc.oneof(
  anything,
  fc.string({ unit: 'binary' }),
  fc.constant('\ud800'),
  fc.constant(Symbol('odd')),
);

const hugeText = fc
  .tuple(fc.constantFrom('a', '漢', '\u0000', '\ud83d', '"', '\\', '\n'), fc.integer({ min: 1, max: MIB }))
  .map(([character, length]) => character.repeat(length));

const FIELDS = ['name', 'message', 'stack', 'code', 'cause', 'errors', 'constructor', 'toJSON', 'length'];

const MAKERS: readonly (() => object)[] = [
  () => new Error('an error'),
  () => new TypeError('a type error'),
  () => new AggregateError([]),
  () => new DOMException('an exception'),
  () => [],
  () => ({}),
];

/** Objects and errors whose fields hold odd values, or throw when they are read. */
const oddObject = fc
  .record({
    make: fc.constantFrom(...MAKERS),
    fields: fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(odd, fc.constant(throws)), { maxKeys: 6 }),
  })
  .map(({ make, fields }) => {
    const object = make();
    for (const [key, value] of Object.entries(fields)) {
      const descriptor = value === throws ? { get: throws } : { value };
      try {
        Object.defineProperty(object, key, { configurable: true, ...descriptor });
      } catch {
        // The length of an array cannot be redefined.
      }
    }
    return { value: object };
  });

/** Proxies, some of whose traps throw. */
const oddProxy = fc
  .subarray(['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'isExtensible'] as const)
  .chain((traps) =>
    oddObject.map(({ value }) => ({
      value: new Proxy(value, Object.fromEntries(traps.map((trap) => [trap, throws]))),
    })),
  );

/** Wrapped in an object, because fast-check inspects the values that it generates. */
const thrown = fc.oneof(
  anything.map((value) => ({ value })),
  odd.map((value) => ({ value })),
  oddObject,
  oddProxy,
);

describe('whatever is thrown', () => {
  it('is described as JSON of less than 1 MiB', () => {
    fc.assert(
      fc.property(thrown, ({ value }) => {
        const { errorType, body } = encodeThrown(value);
        expect(Buffer.byteLength(body)).toBeLessThan(MIB);
        const parsed = JSON.parse(body) as Diagnostic;
        expect(parsed.errorType).toBe(errorType);
        expectDiagnostic(parsed);
        expectDiagnostic(diagnose(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('stays below 1 MiB with megabytes of text in every field and in all causes', () => {
    fc.assert(
      fc.property(
        fc.array(hugeText, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (texts, depth) => {
          const { body } = encodeThrown(hugeError(texts, depth));
          expect(Buffer.byteLength(body)).toBeLessThan(MIB);
          expectDiagnostic(JSON.parse(body) as Diagnostic);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('is described in time, with its stack, when name and message are long and alike', () => {
    const { errorMessage, stackTrace } = JSON.parse(
      encodeThrown(hugeError(['a'.repeat(MIB), 'a'.repeat(MIB / 2)], 1)).body,
    ) as Diagnostic;
    expect(errorMessage).toMatch(/^a{65536}… \(983040 more characters\)$/);
    expect(stackTrace[1]).toMatch(/^ {4}at hugeError/);
  });

  it('keeps its message and truncates its code when the code is too long', () => {
    const { errorMessage, code } = diagnose(hugeError(['message', 'Name', 'stack', 'c'.repeat(MIB)], 1));
    expect({ errorMessage, code }).toEqual({
      errorMessage: 'message',
      code: expect.stringMatching(/^c{256}… /),
    });
  });

  it('is described when errors refer to each other in a cycle', () => {
    const first = new AggregateError([], 'first');
    const second = new AggregateError([first, first], 'second', { cause: first });
    first.errors.push(second, first, second);
    first.cause = second;
    const described = JSON.parse(encodeThrown(first).body) as Diagnostic;
    expectDiagnostic(described);
    expect(described).toMatchObject({ errorMessage: 'first', cause: { errorMessage: 'second' } });
  });

  it('is described in a bounded number of parts, however many errors are nested', () => {
    let read = 0;
    let error: unknown = new Error('innermost');
    for (let depth = 0; depth < 6; depth += 1) {
      const outer: Error = new AggregateError(
        Array.from({ length: 12 }, () => error),
        '',
        { cause: error },
      );
      error = Object.defineProperty(outer, 'message', { get: () => `read ${(read += 1)} times` });
    }
    encodeThrown(error);
    expect(read).toBeLessThan(1_000);
  });

  it('keeps the message of an error if it is not too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 1000 }), (message) => {
        const { errorMessage, stackTrace } = diagnose(new RangeError(message));
        expect(errorMessage).toBe(message);
        expect(stackTrace.some((line) => /^ {4}at /.test(line))).toBe(true);
      }),
    );
  });

  it('has entries for the holes in an array of errors', () => {
    const errors: unknown[] = [new Error('first')];
    errors[2] = new Error('third');
    const aggregate = Object.assign(new AggregateError([]), { errors });
    const { body } = encodeThrown(aggregate);
    const described = (JSON.parse(body) as Diagnostic).errors?.map((error) => error?.errorMessage);
    expect(described).toEqual(['first', 'undefined', 'third']);
  });

  it('keeps no more than ten errors of an aggregate', () => {
    const errors = Array.from({ length: 12 }, (_, index) => new Error(`number ${index}`));
    const kept = diagnose(new AggregateError(errors)).errors?.map(({ errorMessage }) => errorMessage);
    expect(kept).toEqual(Array.from({ length: 10 }, (_, index) => `number ${index}`));
  });
});

/** Every part of a diagnostic has its type and is well-formed text. */
function expectDiagnostic({ errorType, errorMessage, stackTrace, code, cause, errors }: Diagnostic): void {
  for (const text of [errorType, errorMessage, ...stackTrace]) {
    if (typeof text !== 'string' || !text.isWellFormed())
      throw new Error(`Not text: ${JSON.stringify(text)}`);
  }
  expect(['undefined', 'string', 'number', 'object']).toContain(typeof code);
  if (cause !== undefined) expectDiagnostic(cause);
  for (const error of errors ?? []) expectDiagnostic(error);
}

function hugeError(texts: readonly string[], depth: number): Error {
  const [message = '', name = 'Error', stack, code] = texts;
  const cause = depth > 1 ? hugeError(texts, depth - 1) : message;
  const error = new AggregateError([cause, cause], message, { cause });
  return Object.assign(error, {
    name,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
  });
}

/** A getter or a trap that throws. As the value of a field, it stands for a getter that throws. */
function throws(): never {
  throw new Error('a trap');
}
