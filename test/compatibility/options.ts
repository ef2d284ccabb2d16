import { Argument, Command, InvalidArgumentError } from 'commander';
import { GROUPS } from './groups.ts';

/** What the command line asks for. */
export interface Options {
  /** The names of groups. */
  readonly groups: readonly string[];
  readonly only?: RegExp;
  readonly aws: boolean;
  readonly write: boolean;
  readonly keep?: string;
  readonly startCost: boolean;
}

/** Reads the command line; ends the process on `--help` and on mistakes. */
export function readOptions(argv: readonly string[]): Options {
  const names = GROUPS.map(({ name }) => name);
  const command = new Command('npm run compatibility --')
    .description(
      'Installs groups of packages, runs them in functions as their vendors say, and writes the tables of docs/compatibility.md. Exits with 1 if a result is not the expected one.',
    )
    .addArgument(new Argument('[group...]', 'the groups to run (default: all)').choices(names))
    .option('--only <pattern>', 'only trials whose name matches this regular expression', pattern)
    .option('--no-aws', 'do not run AWS’s client; the tables keep what was found with it')
    .option('--no-write', 'write neither results nor tables')
    .option(
      '--start-cost',
      'only measure what OpenTelemetry’s preload adds to a start with eight threads',
      false,
    )
    .option('--keep <folder>', 'write the output of each process, and what it has exported, into this folder')
    .parse(argv);
  const groups = command.processedArgs[0] as readonly string[];
  return { groups: groups.length === 0 ? names : groups, ...command.opts<Omit<Options, 'groups'>>() };
}

function pattern(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
