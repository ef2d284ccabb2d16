/** `npm run compatibility`: runs packages of others in functions, as their vendors say. */
import { theirs } from '../parity/contenders.ts';
import type { ContenderName, Group } from './group.ts';
import { GROUPS } from './groups.ts';
import { install } from './installation.ts';
import { readOptions } from './options.ts';
import type { Options } from './options.ts';
import { writePage } from './page.ts';
import { readRecord, writeRecord } from './records.ts';
import { measureStarts } from './start-cost.ts';
import { isExpected, runTrial, titleOf } from './run-trial.ts';
import type { Finding, TrialRecord } from './run-trial.ts';

process.exitCode = await main(readOptions(process.argv));

async function main(options: Options): Promise<number> {
  const contenders = contendersOf(options);
  if (options.startCost) {
    say(await measureStarts(contenders));
    return 0;
  }
  const unexpected: Finding[] = [];
  for (const group of GROUPS.filter(({ name }) => options.groups.includes(name)))
    unexpected.push(...(await runGroup(group, contenders, options)));
  if (options.write) await writePage();
  for (const finding of unexpected) say(`Not as expected: ${describe(finding)}`);
  return unexpected.length === 0 ? 0 : 1;
}

function contendersOf({ aws }: Options): readonly ContenderName[] {
  if (!aws) return ['ours'];
  try {
    theirs();
    return ['ours', 'theirs'];
  } catch (error) {
    say((error as Error).message);
    return ['ours'];
  }
}

/** Resolves with the findings that are not as expected. */
async function runGroup(
  group: Group,
  contenders: readonly ContenderName[],
  { only, write, keep }: Options,
): Promise<readonly Finding[]> {
  say(`\n${group.title}`);
  const root = await install(group.name);
  const findings: Finding[] = [];
  const trials: Record<string, TrialRecord> = {};
  const before = readRecord(group.name);
  for (const trial of group.trials) {
    const last = before?.trials[trial.name];
    if (only !== undefined && !only.test(trial.name)) {
      if (last !== undefined) trials[trial.name] = last;
      continue;
    }
    const report = (finding: Finding): void => {
      findings.push(finding);
      say(`  ${describe(finding)}`);
      if (!isExpected(finding)) say(detail(finding).replaceAll(/^/gm, '    '));
    };
    const record = await runTrial(trial, root, contenders, report, keep);
    if (record.outcomes.length === 0) say(`  ${trial.name}: not tried, since a package is not installed`);
    trials[trial.name] = { ...record, outcomes: [...record.outcomes, ...keptOf(last, contenders)] };
  }
  if (write) await writeRecord(group.name, { node: process.versions.node, trials });
  return findings.filter((finding) => !isExpected(finding));
}

/** What an earlier run has found with the runtimes that this one leaves out. */
function keptOf(
  last: TrialRecord | undefined,
  contenders: readonly ContenderName[],
): TrialRecord['outcomes'] {
  return (last?.outcomes ?? []).filter(({ contender }) => !contenders.includes(contender));
}

function describe({ trial, one, error, reason }: Finding): string {
  const result = error === undefined ? 'works' : 'fails';
  return `${trial.name} (${titleOf(one)}): ${result}${reason === undefined ? '' : ', a failure is known'}`;
}

function detail({ error }: Finding): string {
  return error === undefined ? 'The reason in its trial is out of date.' : (error.stack ?? String(error));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
