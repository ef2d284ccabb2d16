/** `npm run parity`: what differs between this runtime and AWS's client, seen from outside. */
import { readFileSync, writeFileSync } from 'node:fs';
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
import type { Observation } from './observe.ts';
import { report } from './report.ts';
import { apart, matching } from './together.ts';
import { isTableCurrent, writeTable } from './table.ts';

interface Options {
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
  .option('--table', 'only write the table of reasons, and run nothing', false)
  .option('--save <file>', 'keep what was observed, as JSON')
  .option('--from <file>', 'compare what another run has kept, and run nothing')
  .parse()
  .opts<Options>();

process.exitCode = await main(options);

async function main({ only, layout, check, table, all, show, ...more }: Options): Promise<number> {
  if (table) {
    await writeTable();
    return 0;
  }
  const whole = only === undefined && layout === undefined;
  const trials = BEHAVIOURS.map((behaviour) => (only === undefined ? behaviour : matching(behaviour, only)))
    .filter((behaviour) => behaviour !== undefined)
    .flatMap((behaviour) =>
      LAYOUTS.filter(({ name }) => behaviour.layouts?.includes(name) ?? true)
        .filter(({ name }) => layout?.includes(name) ?? true)
        .map((layout) => ({ behaviour, layout })),
    );
  let seen: Record<string, Seen>;
  try {
    seen = await observeAll(trials, more);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    return 1;
  }
  const differences: Difference[] = [];
  for (const trial of trials) {
    const { ours, theirs } = seen[nameOf(trial)] ?? {};
    if (ours === undefined || theirs === undefined) continue;
    const [a, b] = [apart(trial.behaviour, ours), apart(trial.behaviour, theirs)];
    for (const [name, ours] of a) {
      const theirs = b.get(name);
      if (theirs === undefined) continue;
      if (show)
        process.stdout.write(
          `${name} (${trial.layout.name})\nours: ${print(ours)}\nAWS's: ${print(theirs)}\n\n`,
        );
      differences.push(...compare(name, trial.layout.name, ours, theirs));
    }
  }
  const findings = groupDifferences(differences);
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

interface Trial {
  readonly behaviour: Behaviour;
  readonly layout: Layout;
}

type Seen = Readonly<Record<Contender['name'], Observation>>;

function nameOf({ behaviour, layout }: Trial): string {
  return `${behaviour.name} (${layout.name})`;
}

async function observeAll(
  trials: readonly Trial[],
  { jobs, runtime, save, from }: Pick<Options, 'jobs' | 'runtime' | 'save' | 'from'>,
): Promise<Record<string, Seen>> {
  if (from !== undefined) return JSON.parse(readFileSync(from, 'utf8')) as Record<string, Seen>;
  const [a, b] = [ours(runtime), theirs()];
  process.stdout.write(`${a.title} beside ${b.title}: ${trials.length} trials\n\n`);
  const seen: Record<string, Seen> = {};
  await inParallel(jobs, trials, async (trial) => {
    const [ours, theirs] = await Promise.all(
      [a, b].map((contender) => observe(trial.behaviour, trial.layout, contender)),
    );
    if (ours !== undefined && theirs !== undefined) seen[nameOf(trial)] = { ours, theirs };
  });
  if (save !== undefined) writeFileSync(save, JSON.stringify(seen));
  return seen;
}

function print(value: unknown): string {
  return inspect(value, { depth: 10, breakLength: 110, maxStringLength: 2_000 });
}

async function inParallel<Item>(
  count: number,
  items: readonly Item[],
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (index % 50 === 0) process.stderr.write(`${index} of ${items.length}\n`);
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
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
