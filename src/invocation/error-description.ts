import { inspect, types } from 'node:util';

/**
 * The error body that Lambda gets.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export interface Diagnostic {
  readonly errorType: string;
  readonly errorMessage: string;
  /** The lines of the error's stack, the first of which repeats type and message. */
  readonly stackTrace: readonly string[];
  readonly code?: string | number;
  readonly cause?: Diagnostic;
  /** The errors that an AggregateError holds, the first ten. */
  readonly errors?: readonly Diagnostic[];
}

/** How much of a thrown value a description holds. */
export interface DescriptionLimits {
  /** Of one text. */
  readonly characters: number;
  /** Of all texts together. */
  readonly totalCharacters: number;
  /** Lines of one stack. */
  readonly frames: number;
  /** How deep causes and members are described. */
  readonly depth: number;
  /** How many errors are described: causes and members multiply. */
  readonly parts: number;
}

/** What callers and log lines get of an error. */
export const FULL: DescriptionLimits = {
  characters: 64 * 1024,
  totalCharacters: 256 * 1024,
  frames: 100,
  depth: 5,
  parts: 50,
};

/**
 * Describes anything that can be thrown, in bounded time and size. Never throws, whatever getters, traps and
 * `Error.prepareStackTrace` do. An error that leads back to itself is described once on each path.
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

  /** @param depth how many levels may still follow, this one included. */
  protected describeAt(thrown: unknown, depth: number): Diagnostic {
    this.#parts -= 1;
    if (!isErrorLike(thrown)) {
      const errorType = thrown === null ? 'null' : typeof thrown;
      return { errorType, errorMessage: this.text(printed(thrown)), stackTrace: [] };
    }
    return this.within(thrown, () => this.#describeError(thrown, depth));
  }

  /** The name that the description gives the error's type. */
  protected typeOf(thrown: object): string {
    return textAt(thrown, 'name') || constructorName(thrown) || 'Error';
  }

  /** What a subclass adds to the description of an error. */
  protected extrasOf(_thrown: object, _described: Diagnostic, _depth: number): object {
    return {};
  }

  /** Cuts a text to what is left for it. */
  protected text(value: string, characters = this.#limits.characters): string {
    const most = Math.min(characters, this.#characters);
    this.#characters -= Math.min(value.length, most);
    return cut(value, most);
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
    const code = read(thrown, 'code');
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
    const cause = read(thrown, 'cause');
    const errors = read(thrown, 'name') === 'AggregateError' ? read(thrown, 'errors') : undefined;
    return {
      ...(cause === undefined || this.isOnPath(cause) ? {} : { cause: this.describeAt(cause, depth) }),
      ...(isArray(errors) ? { errors: this.#members(errors, depth) } : {}),
    };
  }

  #members(errors: object, depth: number): Diagnostic[] {
    const length = Number(read(errors, 'length'));
    const members: Diagnostic[] = [];
    for (let index = 0; index < Math.min(length, MAX_MEMBERS) && !this.exhausted; index += 1) {
      const member = read(errors, String(index));
      if (!this.isOnPath(member)) members.push(this.describeAt(member, depth));
    }
    return members;
  }
}

/** Of other realms as well, and those that only inherit, as DOMException does. A proxy may throw when it is asked. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false;
  return types.isNativeError(value) || safely(() => value instanceof Error) === true;
}

/** A revoked proxy throws when it is asked. */
export function isArray(value: unknown): value is readonly unknown[] {
  return safely(() => Array.isArray(value)) === true;
}

/** The value of a property; undefined also where reading it throws. */
export function read(from: object, key: string): unknown {
  return safely(() => (from as Record<string, unknown>)[key]);
}

export function safely<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** The name of its class. */
export function constructorName(thrown: object): string | undefined {
  const constructor = read(thrown, 'constructor');
  return typeof constructor === 'function' ? textAt(constructor, 'name') : undefined;
}

/** At most that many characters, well-formed, and how many were left out. */
export function cut(value: string, characters: number): string {
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
 * The frames, behind a line with name and message. A stack that is no text still has its head: `prepareStackTrace` may
 * return an array of call sites, and a getter may throw.
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
  const firstLine = cut(message.split('\n', 1)[0] ?? '', 256);
  return [firstLine === '' ? name : `${name}: ${firstLine}`, ...callSites(stack, frames)];
}

function linesOf(stack: string, message: string, most: number): string[] {
  // A message may have many lines; the frames that follow it are what a reader needs.
  const start = message === '' ? undefined : startOfMessage(stack, message);
  const head = start === undefined ? '' : stack.slice(0, start) + cut(message.split('\n', 1)[0] ?? '', 256);
  const rest = start === undefined ? stack : stack.slice(start + message.length);
  return [head, ...rest.split('\n', most + 1)].filter((line) => line !== '');
}

/** At the beginning or behind a name. To search for a long message can take minutes where it nearly repeats itself. */
function startOfMessage(stack: string, message: string): number | undefined {
  return [0, stack.indexOf(': ') + 2].find((at) => stack.startsWith(message, at));
}

function callSites(stack: unknown, most: number): string[] {
  if (!isArray(stack)) return [];
  const length = Number(read(stack, 'length'));
  return Array.from({ length: Math.min(length, most) }, (_, index) => {
    const site = safely(() => String(read(stack, String(index)))) ?? 'unprintable';
    return /^\s*at /.test(site) ? site : `    at ${site}`;
  });
}

function textAt(from: object, key: string): string | undefined {
  const value = read(from, key);
  return typeof value === 'string' ? value : undefined;
}

function printed(value: unknown): string {
  if (typeof value === 'string') return value;
  return (
    safely(() => inspect(value, { depth: 3, maxArrayLength: 20, maxStringLength: 1024 })) ?? 'unprintable'
  );
}
