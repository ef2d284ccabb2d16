import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { About, RunRecord } from './report/record.ts';
import { ratiosByRound } from './report/summary.ts';
import type { GoalRow } from './report/summary.ts';
import { median } from './runner/median.ts';
import { METRICS } from './scenarios/scenario.ts';

/** The stored baseline. It contains ratios, because they are more comparable between machines than times. */
export interface Baseline {
  readonly about: Pick<About, 'date' | 'command' | 'rounds' | 'size' | 'machine' | 'versions'>;
  /** Ours ÷ theirs, by scenario, metric and contender. */
  readonly ratios: Readonly<Record<string, Ratio>>;
}

interface Ratio {
  /** The median of the rounds. */
  readonly ratio: number;
  readonly rounds: readonly number[];
  readonly better: 'higher' | 'lower';
}

/** A ratio that is more than a tenth worse than in the baseline. */
export interface WorseRatio {
  readonly name: string;
  readonly before: number;
  readonly now: number;
  /** Whether more than a tenth of all pairs of a round of this run and a round of the baseline are not worse. */
  readonly withinNoise: boolean;
}

/** @throws Error when the baseline cannot be read. */
export function loadBaseline(): Baseline {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Baseline;
  } catch (cause) {
    throw new Error('Cannot read bench/baseline.json. Create it with --save-baseline.', { cause });
  }
}

/** Stores the record's ratios. Ratios of scenarios that were not run are kept. */
export async function saveBaseline({ about, goals }: RunRecord): Promise<string> {
  const { date, command, rounds, size, machine, versions } = about;
  const ratios = { ...keptRatios(), ...ratiosOf(goals) };
  const baseline: Baseline = { about: { date, command, rounds, size, machine, versions }, ratios };
  const config = await resolveConfig(FILE);
  writeFileSync(FILE, await format(JSON.stringify(baseline), { ...config, filepath: FILE }));
  return FILE;
}

/** Returns the ratios that are worse, and the number of ratios compared. */
export function compare(
  baseline: Pick<Baseline, 'ratios'>,
  goals: readonly GoalRow[],
): { readonly compared: number; readonly worse: readonly WorseRatio[] } {
  const shared = Object.entries(ratiosOf(goals)).flatMap(([name, now]) => {
    const before = baseline.ratios[name];
    return before === undefined ? [] : [{ name, before, now }];
  });
  const worse = shared
    .filter(({ before, now }) => isWorse(now.ratio, before.ratio, now.better, TOLERANCE))
    .map(({ name, before, now }) => ({
      name,
      before: before.ratio,
      now: now.ratio,
      withinNoise: shareOfWorsePairs(now, before) < CLEAR,
    }));
  return { compared: shared.length, worse };
}

const FILE = fileURLToPath(new URL('baseline.json', import.meta.url));
const TOLERANCE = 0.1;

/** With five rounds in both runs, chance alone reaches this share in less than one of fifty comparisons. */
const CLEAR = 0.9;

function isWorse(now: number, before: number, better: Ratio['better'], tolerance: number): boolean {
  return better === 'higher' ? now < before * (1 - tolerance) : now > before * (1 + tolerance);
}

function shareOfWorsePairs(now: Ratio, before: Ratio): number {
  const pairs = now.rounds.flatMap((one) => before.rounds.map((other) => isWorse(one, other, now.better, 0)));
  return pairs.filter(Boolean).length / pairs.length;
}

function keptRatios(): Baseline['ratios'] {
  try {
    return loadBaseline().ratios;
  } catch {
    return {};
  }
}

function ratiosOf(goals: readonly GoalRow[]): Record<string, Ratio> {
  return Object.fromEntries(
    goals.flatMap(({ scenario, metric, ours, reference, against, others }) => {
      const { better } = METRICS[metric];
      const compared = [
        ...(reference ? [[against, reference] as const] : []),
        ...others.map((other) => [other.label, other] as const),
      ];
      return compared.flatMap(([name, figure]) => {
        const rounds = ours === undefined ? [] : ratiosByRound(ours, figure).map(rounded);
        return rounds.length === 0
          ? []
          : [
              [
                `${scenario}: ${metric} ÷ ${name}`,
                { ratio: rounded(median(rounds)), rounds, better },
              ] as const,
            ];
      });
    }),
  );
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(4));
}
