import { format } from 'node:util';
import { cut } from '../../src/invocation/error-description.ts';

/**
 * The arguments as one text, `%s` and the like filled in. Never throws, whatever getters and traps do. Texts are there as a
 * whole; what is made of the others is bounded.
 */
export function printed(args: readonly unknown[]): string {
  const characters = args.reduce<number>(
    (sum, arg) => sum + (typeof arg === 'string' ? arg.length : 0),
    MOST_CHARACTERS,
  );
  const text = formatted(args);
  return text.length <= characters ? text : cut(text, characters);
}

function formatted(args: readonly unknown[]): string {
  try {
    return format(...args);
  } catch {
    return args.map(printable).join(' ');
  }
}

function printable(value: unknown): string {
  try {
    return format(value);
  } catch {
    return '[unprintable]';
  }
}

/** Of all that is no text: the stack of an error may hold megabytes, as a message. */
const MOST_CHARACTERS = 256 * 1024;
