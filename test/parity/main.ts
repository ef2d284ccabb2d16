/** `npm run parity`: what differs between this runtime and AWS's client, seen from outside. */
import { inspect } from 'node:util';
import { Command, InvalidArgumentError, Option } from 'commander';
import { LAYOUTS } from './behaviour.ts';
import type { Behaviour, Layout, LayoutName } from './behaviour.ts';
import { BEHAVIOURS } from './behaviours/all.ts';
import { compare } from './compare.ts';
import type { Difference } from './compare.ts';
import { ours, theirs } from './contenders.ts';
import type { Contender } from './contenders.ts';
import { groupDifferences } from './group.ts';
import { observe } from './observe.ts';
import { report } from './report.ts';
import { isTableCurrent, writeTable } from './table.ts';

interface Options {
  readonly only?: RegExp;
  readonly layout?: readonly LayoutName[];
  readonly check: boolean;
  readonly all: boolean;
  readonly show: boolean;
  readonly jobs: number;
  readonly runtime?: string;
}

const options = new Command('npm run parity --')
  .description(
    'Runs each behaviour through this runtime and through aws-lambda-ric, prints what differs, and writes the reasons into docs/migrating.md.',
  )
  .option('--only <pattern>', 'only behaviours whose name matches this regular expression', pattern)
  .addOption(new Option('--layout <name...>', 'only these layouts').choices(LAYOUTS.map(({ name }) => name)))
  .option(
    '--check',
    'write nothing; fail when a difference has no reason, a reason no difference, or the table is out of date',
    false,
  )
  .option('--all', 'also print the differences that have a reason', false)
  .option('--show', 'also print what was observed of both', false)
  .option('--jobs <count>', 'behaviours at a time', wholeNumber, 3)
  .option('--runtime <file>', 'another build’s dist/src/cli/main.js, in place of this project’s')
  .parse()
  .opts<Options>();

process.exitCode = await main(options);

async function main({ only, layout, check, all, show, jobs, runtime }: Options): Promise<number> {
  let contenders: readonly [Contender, Contender];
  try {
    contenders = [ours(runtime), theirs()];
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
  const whole = only === undefined && layout === undefined;
  const trials = BEHAVIOURS.filter(({ name }) => only?.test(name) ?? true).flatMap((behaviour) =>
    LAYOUTS.filter(({ name }) => behaviour.layouts?.includes(name) ?? true)
      .filter(({ name }) => layout?.includes(name) ?? true)
      .map((layout) => ({ behaviour, layout })),
  );
  process.stdout.write(
    `${contenders.map(({ title }) => title).join(' beside ')}: ${trials.length} trials\n\n`,
  );
  const found = await inParallel(jobs, trials, (trial) => differencesOf(trial, contenders, show));
  const findings = groupDifferences(found.flat());
  process.stdout.write(`${report(findings, { all })}\n`);
  const unused = whole ? [...findings.explained].filter(([, { length }]) => length === 0) : [];
  for (const [{ what }] of unused) process.stdout.write(`No difference has the reason "${what}" any more.\n`);
  if (!check) {
    if (whole && (await writeTable())) process.stdout.write('docs/migrating.md has a new table.\n');
    return 0;
  }
  const current = await isTableCurrent();
  if (!current)
    process.stdout.write('The table in docs/migrating.md is out of date: `npm run parity` writes it.\n');
  return current && findings.unexplained.length === 0 && unused.length === 0 ? 0 : 1;
}

async function differencesOf(
  { behaviour, layout }: { readonly behaviour: Behaviour; readonly layout: Layout },
  contenders: readonly [Contender, Contender],
  show: boolean,
): Promise<readonly Difference[]> {
  const [a, b] = await Promise.all(contenders.map((contender) => observe(behaviour, layout, contender)));
  if (a === undefined || b === undefined) return [];
  if (show) {
    const print = (value: unknown): string =>
      inspect(value, { depth: 10, breakLength: 110, maxStringLength: 2_000 });
    process.stdout.write(`${behaviour.name} (${layout.name})\nours: ${print(a)}\nAWS's: ${print(b)}\n\n`);
  }
  return compare(behaviour, layout, a, b);
}

/** Results in the order of the items. */
async function inParallel<Item, Result>(
  count: number,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) {
      results[index] = await act(item);
      if (process.stderr.isTTY) process.stderr.write(`\r${results.length} of ${items.length} `);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
  if (process.stderr.isTTY) process.stderr.write('\r');
  return results;
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
