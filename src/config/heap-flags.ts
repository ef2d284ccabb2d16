import { totalmem } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * The heap limits that V8 flags set. The flags apply to worker threads as well as to the main thread and take precedence over
 * `resourceLimits`, so they become the limits of each thread. `--max-semi-space-size` does not: it bounds the young generation
 * of the main thread, which runs handlers in single mode only.
 *
 * @param nodeOptions the variable `NODE_OPTIONS`; the command line takes precedence over it.
 */
export function heapFlags(
  nodeOptions = '',
  commandLine: readonly string[] = process.execArgv,
): ResourceLimits {
  const flags = valuesOf([...nodeOptions.split(/\s+/), ...commandLine]);
  const percentage = flags.get('max-old-space-size-percentage');
  const oldMb =
    percentage === undefined
      ? (flags.get('max-old-space-size') ?? flags.get('max-heap-size'))
      : Math.floor((machineMiB() * percentage) / 100);
  return oldMb === undefined ? {} : { maxOldGenerationSizeMb: oldMb };
}

/** Parses flags as Node.js does: the last one counts, names may have underscores, a value may be a separate argument. */
function valuesOf(args: readonly string[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const [index, arg] of args.entries()) {
    const [, name = '', inline] = /^"?--([\w-]+)(?:=([\d.]+)"?)?$/.exec(arg) ?? [];
    const value = Number(inline ?? args[index + 1]);
    if (value > 0) values.set(name.replaceAll('_', '-'), value);
  }
  return values;
}

/** The memory of which Node.js takes a percentage. */
function machineMiB(): number {
  const constrained = process.constrainedMemory();
  return Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 1024 / 1024;
}
