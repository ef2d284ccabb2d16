import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import type { TrialRecord } from './run-trial.ts';

/** What the last run of a group has found, by the name of the trial. */
export interface GroupRecord {
  readonly node: string;
  readonly trials: Readonly<Record<string, TrialRecord>>;
}

export function readRecord(group: string): GroupRecord | undefined {
  const file = fileOf(group);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as GroupRecord) : undefined;
}

export async function writeRecord(group: string, record: GroupRecord): Promise<void> {
  writeFileSync(fileOf(group), await format(JSON.stringify(record), { parser: 'json', printWidth: 110 }));
}

function fileOf(group: string): string {
  return fileURLToPath(new URL(`groups/${group}/results.json`, import.meta.url));
}
