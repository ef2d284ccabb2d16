import { Command, InvalidArgumentError, Option } from 'commander';
import { LAYOUTS } from './behaviour.ts';
import type { LayoutName } from './behaviour.ts';

/** What the command line asks for. */
export interface Options {
  readonly only?: RegExp;
  readonly layout?: readonly LayoutName[];
  readonly check: boolean;
  readonly table: boolean;
  readonly all: boolean;
  readonly show: boolean;
  readonly jobs: number;
  readonly runtime?: string;
  readonly save?: string;
  readonly from?: string;
}

/** Reads the command line; ends the process on `--help` and on mistakes. */
export function readOptions(argv: readonly string[]): Options {
  return new Command('npm run parity --')
    .description(
      'Runs each behaviour through this runtime and through aws-lambda-ric, prints what differs, and writes the reasons into docs/migrating.md.',
    )
    .option('--only <pattern>', 'only behaviours whose name matches this regular expression', pattern)
    .addOption(
      new Option('--layout <name...>', 'only these layouts').choices(LAYOUTS.map(({ name }) => name)),
    )
    .option(
      '--check',
      'write nothing; fail when a difference has no reason, a reason no difference, or the table is out of date',
      false,
    )
    .option('--all', 'also print the differences that have a reason', false)
    .option('--show', 'also print what was observed of both', false)
    .option('--jobs <count>', 'behaviours at a time', wholeNumber, 3)
    .option('--runtime <file>', 'another build’s dist/src/cli/main.js, in place of this project’s')
    .option('--table', 'only write the table of reasons, and run nothing', false)
    .option('--save <file>', 'keep what was observed, as JSON')
    .option('--from <file>', 'compare what another run has kept, and run nothing')
    .parse(argv)
    .opts<Options>();
}

function pattern(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return number;
}
