import { totalmem } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';

/**
 * What V8's flags for heaps ask for. Node.js holds each thread to them as well as the main thread, whatever the thread's own
 * limits are; so what they ask for is the limit of each thread.
 *
 * @param nodeOptions the variable `NODE_OPTIONS`, behind which the command line goes.
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
  const semiSpaceMb = flags.get('max-semi-space-size');
  return {
    ...(oldMb !== undefined && { maxOldGenerationSizeMb: oldMb }),
    ...(semiSpaceMb !== undefined && { maxYoungGenerationSizeMb: semiSpaceMb * SEMI_SPACES }),
  };
}

/** The last one of a name counts, as for Node.js. Names may have underscores; a value may be an argument of its own. */
function valuesOf(args: readonly string[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const [index, arg] of args.entries()) {
    const [, name = '', inline] = /^"?--([\w-]+)(?:=([\d.]+)"?)?$/.exec(arg) ?? [];
    const value = Number(inline ?? args[index + 1]);
    if (value > 0) values.set(name.replaceAll('_', '-'), value);
  }
  return values;
}

/** What Node.js takes a percentage of. */
function machineMiB(): number {
  const constrained = process.constrainedMemory();
  return Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 1024 / 1024;
}

/** Of what size the young generation is, in semi-spaces. */
const SEMI_SPACES = 3;
