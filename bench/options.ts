import { Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from './scenarios/all.ts';

/** What the command line asks for. */
export interface Options {
  readonly quick: boolean;
  readonly rounds: number;
  readonly only: RegExp | undefined;
  readonly shape: boolean;
  readonly check: boolean;
  readonly saveBaseline: boolean;
  readonly json: string;
  readonly html: string;
  readonly runtime: string | undefined;
  readonly beside: string | undefined;
}

/** Reads the command line; ends the process on `--help` and on mistakes. */
export function readOptions(argv: readonly string[]): Options {
  const given = new Command('npm run bench --')
    .description(
      'Measures lambda-managed-runtime beside aws-lambda-ric and a floor. Needs Linux and a build.',
    )
    .option('--quick', 'some two minutes: fewer scenarios, one round, short', false)
    .option(
      '--rounds <count>',
      'rounds, of which the median counts (default: 5; 1 with --quick)',
      wholeNumber,
    )
    .option('--only <pattern>', 'only scenarios whose id matches this regular expression', pattern)
    .option('--shape', 'how cost grows with slots and with payload, in place of the scenarios', false)
    .option('--check', 'fail when a ratio is worse than in baseline.json by more than a tenth', false)
    .option('--save-baseline', 'keep the ratios in baseline.json', false)
    .option('--json <file>', 'where the record goes', 'bench/results/bench.json')
    .option('--html <file>', 'where the report goes', 'bench/results/bench.html')
    .option('--runtime <file>', 'another build’s dist/src/cli/main.js, in place of this project’s')
    .addOption(
      new Option(
        '--beside <file>',
        'another build’s dist/src/cli/main.js: only ours and that one are measured; fails when ours is worse by more than a tenth',
      ).conflicts(['check', 'saveBaseline']),
    )
    .addHelpText('after', `\nScenarios:\n${list()}`)
    .parse(argv)
    .opts<Given>();
  return {
    ...given,
    rounds: given.rounds ?? (given.quick ? 1 : 5),
    only: given.only,
    runtime: given.runtime,
    beside: given.beside,
  };
}

type Given = Omit<Options, 'rounds' | 'only' | 'runtime' | 'beside'> & {
  readonly rounds?: number;
  readonly only?: RegExp;
  readonly runtime?: string;
  readonly beside?: string;
};

function list(): string {
  return SCENARIOS.map(
    ({ id, title, quick }) => `  ${id.padEnd(16)}${title}${quick ? '' : ' (not with --quick)'}`,
  ).join('\n');
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return number;
}

function pattern(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
