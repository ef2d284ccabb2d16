import {
  ErrorDescriber,
  FULL_LIMITS,
  constructorName,
  truncate,
  isArray,
  isError,
  readSafely,
  safely,
} from './error-description.ts';
import type { Diagnostic, DescriptionLimits } from './error-description.ts';

/**
 * Describes errors for log lines. In addition to the description for callers, it includes the error's own fields, and the name
 * of its class if the class sets no `name`. Create one describer for each line, because the limits apply to a line.
 */
export class LoggedErrorDescriber extends ErrorDescriber {
  #values = MAX_VALUES;

  constructor() {
    super(FULL_LIMITS);
  }

  /** Describes an error inside a logged value; only its type and message once the limits are exhausted. */
  describeNested(error: Error): unknown {
    return this.exhausted ? brief(error) : this.describe(error);
  }

  /** Uses the class name, as AWS's client does in log lines. Callers get `Error` for a class that sets no `name`. */
  protected override typeOf(thrown: object): string {
    const type = super.typeOf(thrown);
    return setsName(thrown) ? type : constructorName(thrown) || type;
  }

  protected override extrasOf(thrown: object, described: Diagnostic, depth: number): object {
    const fields = toJson(thrown) ?? thrown;
    if (typeof fields !== 'object') return {};
    return this.#copyFields(fields, depth, (key) => key !== 'stack' && !Object.hasOwn(described, key));
  }

  /** Copies the parts of a value that JSON would include, within the limits. */
  #copy(value: unknown, depth: number): unknown {
    this.#values -= 1;
    switch (typeof value) {
      case 'string':
        return this.#values < 0 ? LEFT_OUT : this.text(value, MAX_CHARACTERS);
      case 'number':
      case 'boolean':
        return value;
      case 'bigint':
        return this.text(`${value}n`, MAX_CHARACTERS);
      case 'object':
        return value === null ? null : this.#copyObject(value, depth);
      default:
        return undefined;
    }
  }

  #copyObject(value: object, depth: number): unknown {
    if (this.isOnPath(value)) return '[Circular]';
    if (this.#values < 0 || this.exhausted) return LEFT_OUT;
    if (isError(value)) return depth > 0 ? this.describeAt(value, depth) : brief(value);
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (depth <= 0) return isArray(value) ? '[Array]' : '[Object]';
    return this.within(value, () => {
      const json = toJson(value);
      if (json !== undefined) return this.#copy(json, depth - 1);
      return isArray(value) ? this.#copyArray(value, depth - 1) : this.#copyFields(value, depth - 1);
    });
  }

  #copyArray(values: object, depth: number): unknown[] {
    const length = Number(readSafely(values, 'length'));
    const copies = Array.from(
      { length: Math.min(length, MAX_FIELDS) },
      (_, index) => this.#copy(readSafely(values, String(index)), depth) ?? null,
    );
    return length > MAX_FIELDS ? [...copies, `… (${length - MAX_FIELDS} more)`] : copies;
  }

  #copyFields(from: object, depth: number, shows = (_key: string) => true): object {
    const keys = (safely(() => Object.keys(from)) ?? []).filter(shows);
    const fields = keys
      .slice(0, MAX_FIELDS)
      .map((key) => [truncate(key, 256), this.#copy(readSafely(from, key), depth)] as const)
      .filter(([, copy]) => copy !== undefined);
    if (keys.length > MAX_FIELDS) fields.push([LEFT_OUT, `${keys.length - MAX_FIELDS} more`]);
    return Object.fromEntries(fields);
  }
}

/** The fields of a described error that a log line has in addition to its message. */
export function standardFields({
  errorType,
  errorMessage,
  stackTrace,
  code,
  cause,
  errors,
}: Diagnostic): Partial<Diagnostic> {
  return { errorType, errorMessage, stackTrace, code, cause, errors } as Diagnostic;
}

/** The result of a value's `toJSON`, if it has one. */
function toJson(value: object): unknown {
  return safely(() => (value as { toJSON?: () => unknown }).toJSON?.());
}

function setsName(thrown: object): boolean {
  return (
    safely(() => [thrown, Object.getPrototypeOf(thrown)].some((at) => Object.hasOwn(at, 'name'))) === true
  );
}

function brief(error: Error): string {
  const { errorType, errorMessage } = new ErrorDescriber(BRIEF).describe(error);
  return `${errorType}: ${errorMessage}`;
}

const BRIEF: DescriptionLimits = { characters: 256, totalCharacters: 512, frames: 0, depth: 0, parts: 1 };

/** Limit for all fields of the errors of a line. */
const MAX_VALUES = 1000;
/** Limit for one object or array. */
const MAX_FIELDS = 100;
/** Limit for one field. */
const MAX_CHARACTERS = 8 * 1024;

const LEFT_OUT = '…';
