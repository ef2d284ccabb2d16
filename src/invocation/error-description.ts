import { inspect, types } from 'node:util';

/**
 * The body of an error that is posted to Lambda.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export interface Diagnostic {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The lines of the error's stack; the first one repeats type and message. */
  readonly stackTrace: readonly string[];
  readonly code?: string | number;
  readonly cause?: Diagnostic;
  /** The first ten errors of an AggregateError. */
  readonly errors?: readonly Diagnostic[];
}

/** Limits on the size of an error description. */
export interface DescriptionLimits {
  /** Maximum length of one text. */
  readonly characters: number;
  /** Maximum length of all texts together. */
  readonly totalCharacters: number;
  /** Maximum number of lines of one stack. */
  readonly frames: number;
  /** Maximum depth of causes and of members of AggregateErrors. */
  readonly depth: number;
  /** Maximum number of errors, because causes and members multiply. */
  readonly parts: number;
}

/** The limits for error responses and log lines. */
export const FULL_LIMITS: DescriptionLimits = {
  characters: 64 * 1024,
  totalCharacters: 256 * 1024,
  frames: 100,
  depth: 5,
  parts: 50,
};

/**
 * Describes any thrown value in bounded time and size. Never throws, even if getters, proxy traps or
 * `Error.prepareStackTrace` throw. A circular cause is described once on each path.
 */
export class ErrorDescriber {
  readonly #limits: DescriptionLimits;
  readonly #path: unknown[] = [];
  #parts: number;
  #characters: number;

  constructor(limits: DescriptionLimits) {
    this.#limits = limits;
    this.#parts = limits.parts;
    this.#characters = limits.totalCharacters;
  }

  describe(thrown: unknown): Diagnostic {
    return this.describeAt(thrown, this.#limits.depth);
  }

  /** @param depth the number of remaining levels, including this one. */
  protected describeAt(thrown: unknown, depth: number): Diagnostic {
    this.#parts -= 1;
    if (!isErrorLike(thrown)) {
      const errorType = thrown === null ? 'null' : typeof thrown;
      return { errorType, errorMessage: this.text(printed(thrown)), stackTrace: [] };
    }
    return this.within(thrown, () => this.#describeError(thrown, depth));
  }

  /** The `errorType` of the description. */
  protected typeOf(thrown: object): string {
    return textAt(thrown, 'name') || constructorName(thrown) || 'Error';
  }

  /** Additional fields that a subclass adds to the description. */
  protected extrasOf(_thrown: object, _described: Diagnostic, _depth: number): object {
    return {};
  }

  /** Cuts a text to the remaining limit. */
  protected text(value: string, characters = this.#limits.characters): string {
    const limit = Math.min(characters, this.#characters);
    this.#characters -= Math.min(value.length, limit);
    return truncate(value, limit);
  }

  protected get exhausted(): boolean {
    return this.#parts <= 0 || this.#characters <= 0;
  }

  protected isOnPath(value: unknown): boolean {
    return this.#path.includes(value);
  }

  protected within<Result>(value: unknown, describe: () => Result): Result {
    this.#path.push(value);
    try {
      return describe();
    } finally {
      this.#path.pop();
    }
  }

  #describeError(thrown: object, depth: number): Diagnostic {
    const message = textAt(thrown, 'message') ?? '';
    const code = readSafely(thrown, 'code');
    const described: Diagnostic = {
      errorType: this.text(this.typeOf(thrown), 256),
      errorMessage: this.text(message),
      stackTrace: this.#stackTrace(thrown, message),
      ...(typeof code === 'number' ? { code } : {}),
      ...(typeof code === 'string' ? { code: this.text(code, 256) } : {}),
      ...this.#related(thrown, depth - 1),
    };
    return { ...described, ...this.extrasOf(thrown, described, depth - 1) };
  }

  #stackTrace(thrown: object, message: string): string[] {
    const lines: string[] = [];
    for (const line of stackLines(thrown, message, this.#limits.frames)) {
      if (this.#characters <= 0) break;
      lines.push(this.text(line, 1024));
    }
    return lines;
  }

  #related(thrown: object, depth: number): Pick<Diagnostic, 'cause' | 'errors'> {
    if (depth <= 0 || this.exhausted) return {};
    const cause = readSafely(thrown, 'cause');
    const errors = readSafely(thrown, 'name') === 'AggregateError' ? readSafely(thrown, 'errors') : undefined;
    return {
      ...(cause === undefined || this.isOnPath(cause) ? {} : { cause: this.describeAt(cause, depth) }),
      ...(isArray(errors) ? { errors: this.#members(errors, depth) } : {}),
    };
  }

  #members(errors: object, depth: number): Diagnostic[] {
    const length = Number(readSafely(errors, 'length'));
    const members: Diagnostic[] = [];
    for (let index = 0; index < Math.min(length, MAX_MEMBERS) && !this.exhausted; index += 1) {
      const member = readSafely(errors, String(index));
      if (!this.isOnPath(member)) members.push(this.describeAt(member, depth));
    }
    return members;
  }
}

/** Recognizes errors of other realms and objects that inherit from Error, such as DOMException. Proxies may throw. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false;
  return types.isNativeError(value) || safely(() => value instanceof Error) === true;
}

/** `Array.isArray` that does not throw for a revoked proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  return safely(() => Array.isArray(value)) === true;
}

/** The value of a property; undefined if reading it throws. */
export function readSafely(from: object, key: string): unknown {
  return safely(() => (from as Record<string, unknown>)[key]);
}

export function safely<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** The name of the value's class. */
export function constructorName(thrown: object): string | undefined {
  const constructor = readSafely(thrown, 'constructor');
  return typeof constructor === 'function' ? textAt(constructor, 'name') : undefined;
}

/** Cuts a text to a number of characters, well-formed, and appends how many were left out. */
export function truncate(value: string, characters: number): string {
  const wellFormed = value.slice(0, characters).toWellFormed();
  return value.length <= characters
    ? wellFormed
    : `${wellFormed}… (${value.length - characters} more characters)`;
}

const MAX_MEMBERS = 10;

function isErrorLike(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) return false;
  return types.isNativeError(thrown) || textAt(thrown, 'message') !== undefined;
}

/**
 * A line with name and message, then the frames. Handles stacks that are not strings: `prepareStackTrace` may return an array
 * of call sites, and a getter may throw.
 */
function stackLines(thrown: object, message: string, frames: number): string[] {
  let stack: unknown;
  try {
    ({ stack } = thrown as { stack?: unknown });
  } catch {
    stack = undefined;
  }
  if (typeof stack === 'string' && stack !== '') return linesOf(stack, message, frames);
  if (!isError(thrown)) return [];
  const name = textAt(thrown, 'name') || constructorName(thrown) || 'Error';
  const firstLine = truncate(message.split('\n', 1)[0] ?? '', 256);
  return [firstLine === '' ? name : `${name}: ${firstLine}`, ...callSites(stack, frames)];
}

function linesOf(stack: string, message: string, maxLines: number): string[] {
  // Shortens a long message in the stack, because the frames after it matter more.
  const start = message === '' ? undefined : startOfMessage(stack, message);
  const head =
    start === undefined ? '' : stack.slice(0, start) + truncate(message.split('\n', 1)[0] ?? '', 256);
  const rest = start === undefined ? stack : stack.slice(start + message.length);
  return [head, ...rest.split('\n', maxLines + 1)].filter((line) => line !== '');
}

/** Tries only the beginning and after a name, because searching for a long repetitive message can take minutes. */
function startOfMessage(stack: string, message: string): number | undefined {
  return [0, stack.indexOf(': ') + 2].find((at) => stack.startsWith(message, at));
}

function callSites(stack: unknown, maxSites: number): string[] {
  if (!isArray(stack)) return [];
  const length = Number(readSafely(stack, 'length'));
  return Array.from({ length: Math.min(length, maxSites) }, (_, index) => {
    const site = safely(() => String(readSafely(stack, String(index)))) ?? 'unprintable';
    return /^\s*at /.test(site) ? site : `    at ${site}`;
  });
}

function textAt(from: object, key: string): string | undefined {
  const value = readSafely(from, key);
  return typeof value === 'string' ? value : undefined;
}

function printed(value: unknown): string {
  if (typeof value === 'string') return value;
  return (
    safely(() => inspect(value, { depth: 3, maxArrayLength: 20, maxStringLength: 1024 })) ?? 'unprintable'
  );
}
