import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import type { Case, ContenderName, Group, Trial } from './group.ts';
import { GROUPS } from './groups.ts';
import { readRecord } from './records.ts';
import type { GroupRecord } from './records.ts';
import { reasonOf } from './run-trial.ts';
import type { Outcome, TrialRecord } from './run-trial.ts';

const PAGE = fileURLToPath(new URL('../../docs/compatibility.md', import.meta.url));
const BEGIN = '<!-- compatibility: begin. `npm run compatibility` writes these tables. -->';
const END = '<!-- compatibility: end -->';

/** The tables of all recorded groups, between the marks that {@link writePage} looks for. */
export function recordedTables(): string {
  const sections = GROUPS.map((group) => sectionOf(group)).filter((section) => section !== undefined);
  return [BEGIN, ...sections, END].join('\n\n');
}

/** Writes the tables into docs/compatibility.md. */
export async function writePage(): Promise<void> {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${PAGE} has no lines ${BEGIN} and ${END}.`);
  const written = `${page.slice(0, begin)}${recordedTables()}${page.slice(end + END.length)}`;
  writeFileSync(PAGE, await format(written, { parser: 'markdown', printWidth: 110 }));
}

const HEAD = ['package', 'how', 'what the test shows', 'result', 'AWS’s client'];

function sectionOf(group: Group): string | undefined {
  const record = readRecord(group.name);
  if (record === undefined) return undefined;
  const rows = group.trials.flatMap((trial) => {
    const found = record.trials[trial.name];
    return found === undefined ? [] : [rowOf(trial, found)];
  });
  const table = [HEAD, HEAD.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
  const notes = notesOf(group, record);
  return [`### ${group.title}`, table, notes.join('\n')].filter((part) => part !== '').join('\n\n');
}

function rowOf(trial: Trial, { versions, outcomes }: TrialRecord): string[] {
  return [
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version ?? ''}`.trim())
      .join('<br>'),
    trial.set === undefined ? trial.name : `${trial.name}: ${trial.set}`,
    trial.shown,
    resultOf(outcomes, 'ours'),
    trial.beside === true ? resultOf(outcomes, 'theirs') : '',
  ];
}

function resultOf(all: readonly Outcome[], contender: ContenderName): string {
  const outcomes = all.filter((outcome) => outcome.contender === contender);
  if (outcomes.length === 0) return 'not tried';
  const failed = outcomes.filter(({ result }) => result === 'fails');
  if (failed.length === 0) return 'works';
  if (failed.length === outcomes.length) return 'fails';
  return `fails in ${placesOf(failed, outcomes).join('; ')}`;
}

/** The layouts whose cases all fail, else the formats, else each case that fails. */
function placesOf(failed: readonly Case[], all: readonly Case[]): string[] {
  for (const key of ['layout', 'format'] as const) {
    const places = new Set(failed.map((one) => one[key]));
    if (all.every((one) => !places.has(one[key]) || failed.includes(one))) return [...places];
  }
  return failed.map(({ format, layout }) => `${format}, ${layout}`);
}

/** One note for each reason, with the trials that it explains. */
function notesOf({ trials }: Group, record: GroupRecord): string[] {
  const whys = new Map<string, Set<string>>();
  for (const trial of trials)
    for (const outcome of record.trials[trial.name]?.outcomes ?? []) {
      const why = outcome.result === 'fails' ? reasonOf(trial, outcome)?.why : undefined;
      if (why !== undefined) whys.set(why, (whys.get(why) ?? new Set()).add(trial.name));
    }
  for (const { name, untried } of trials)
    if (untried !== undefined) whys.set(untried, (whys.get(untried) ?? new Set()).add(name));
  return [...whys].map(([why, names]) => `- ${[...names].join('; ')}: ${why}`);
}
