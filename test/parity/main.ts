/** `npm run parity`: what differs between this runtime and AWS's client, seen from outside. */
import { inspect } from 'node:util';
import { compare } from './compare.ts';
import type { Difference } from './compare.ts';
import { groupDifferences } from './group.ts';
import type { Findings } from './group.ts';
import { readOptions } from './options.ts';
import type { Options } from './options.ts';
import type { Reason } from './reasons/reason.ts';
import { report } from './report.ts';
import { isTableCurrent, writeTable } from './table.ts';
import { apart } from './together.ts';
import { chooseTrials, observeAll, titleOf } from './trials.ts';
import type { Observations, Trial } from './trials.ts';

process.exitCode = await main(readOptions(process.argv));

async function main(options: Options): Promise<number> {
  if (options.table) {
    await writeTable();
    return 0;
  }
  const trials = chooseTrials(options);
  let seen: Observations;
  try {
    seen = await observeAll(trials, options);
  } catch (error) {
    say((error as Error).message);
    return 1;
  }
  const findings = groupDifferences(trials.flatMap((trial) => differencesOf(trial, seen, options)));
  say(report(findings, options));
  const isWhole = options.only === undefined && options.layout === undefined;
  const unused = isWhole ? unusedReasons(findings) : [];
  for (const { what } of unused) say(`No difference has the reason "${what}" any more.`);
  if (options.check) {
    const current = await isTableCurrent();
    if (!current)
      say('The table in docs/migrating.md is out of date: `npm run parity -- --table` writes it.');
    return current && findings.unexplained.length === 0 && unused.length === 0 ? 0 : 1;
  }
  if (isWhole && (await writeTable())) say('docs/migrating.md has a new table.');
  return 0;
}

function differencesOf(trial: Trial, seen: Observations, { show }: Options): readonly Difference[] {
  const both = seen[titleOf(trial)];
  if (both === undefined) return [];
  const [ours, theirs] = [apart(trial.behaviour, both.ours), apart(trial.behaviour, both.theirs)];
  return [...ours].flatMap(([name, a]) => {
    const b = theirs.get(name);
    if (b === undefined) return [];
    if (show) say(`${name} (${trial.layout.name})\nours: ${print(a)}\nAWS's: ${print(b)}\n`);
    return compare(name, trial.layout.name, a, b);
  });
}

function unusedReasons({ explained }: Findings): readonly Reason[] {
  return [...explained].filter(([, { length }]) => length === 0).map(([reason]) => reason);
}

function print(value: unknown): string {
  return inspect(value, { depth: 10, breakLength: 110, maxStringLength: 2_000 });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
