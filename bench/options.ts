import { Command, InvalidArgumentError, Option } from 'commander';
import { SCENARIOS } from './scenarios/all.ts';

/** The parsed command line. */
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

/** Parses the command line. Exits on `--help` and on invalid arguments. */
export function readOptions(argv: readonly string[]): Options {
  const given = new Command('npm run bench --')
    .description(
      'Measures lambda-managed-runtime beside aws-lambda-ric and a floor. Needs Linux and a build.',
    )
    .option('--quick', 'runs fewer scenarios in one short round, about two minutes', false)
    .option(
      '--rounds <count>',
      'rounds, of which the median counts (default: 5; 1 with --quick)',
      wholeNumber,
    )
    .option('--only <pattern>', 'runs only scenarios whose id matches this regular expression', pattern)
    .option('--shape', 'measures how cost grows with slots and payload, instead of the scenarios', false)
    .option(
      '--check',
      'fails if a ratio is more than a tenth worse than in baseline.json, and not only by noise',
      false,
    )
    .option('--save-baseline', 'stores the ratios in baseline.json', false)
    .option('--json <file>', 'the output file of the measurements', 'bench/results/bench.json')
    .option('--html <file>', 'the output file of the report', 'bench/results/bench.html')
    .option(
      '--runtime <file>',
      'the dist/src/cli/main.js of another build to measure, instead of this project’s build',
    )
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
    throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return number;
}

function pattern(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
