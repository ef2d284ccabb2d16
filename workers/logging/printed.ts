import { format } from 'node:util';

/** The arguments as one text, `%s` and the like filled in. Never throws, whatever getters and traps do. */
export function printed(args: readonly unknown[]): string {
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
