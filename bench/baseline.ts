import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { About, RunRecord } from './report/record.ts';
import { ratioOf } from './report/summary.ts';
import type { GoalRow } from './report/summary.ts';
import { METRICS } from './scenarios/scenario.ts';

/** The stored baseline. It contains ratios, because they are more comparable between machines than times. */
export interface Baseline {
  readonly about: Pick<About, 'date' | 'command' | 'rounds' | 'size' | 'machine' | 'versions'>;
  /** Ours ÷ theirs, medians of the rounds' ratios, by scenario, metric and contender. */
  readonly ratios: Readonly<Record<string, Ratio>>;
}

interface Ratio {
  readonly ratio: number;
  readonly better: 'higher' | 'lower';
}

/** A ratio that is more than a tenth worse than in the baseline. */
export interface Regression {
  readonly name: string;
  readonly before: number;
  readonly now: number;
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
export function saveBaseline({ about, goals }: RunRecord): string {
  const { date, command, rounds, size, machine, versions } = about;
  const ratios = { ...keptRatios(), ...ratiosOf(goals) };
  const baseline: Baseline = { about: { date, command, rounds, size, machine, versions }, ratios };
  writeFileSync(FILE, `${JSON.stringify(baseline, undefined, 2)}\n`);
  return FILE;
}

/** Returns the regressions and the number of ratios compared. */
export function compare(
  baseline: Baseline,
  goals: readonly GoalRow[],
): { readonly compared: number; readonly regressions: readonly Regression[] } {
  const shared = Object.entries(ratiosOf(goals)).flatMap(([name, { ratio, better }]) => {
    const before = baseline.ratios[name]?.ratio;
    return before === undefined ? [] : [{ name, before, now: ratio, better }];
  });
  const regressions = shared.filter(({ before, now, better }) =>
    better === 'higher' ? now < before * (1 - TOLERANCE) : now > before * (1 + TOLERANCE),
  );
  return { compared: shared.length, regressions };
}

const FILE = fileURLToPath(new URL('baseline.json', import.meta.url));
const TOLERANCE = 0.1;

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
        const ratio = ours && ratioOf(ours, figure);
        return ratio === undefined
          ? []
          : [[`${scenario}: ${metric} ÷ ${name}`, { ratio: rounded(ratio), better }] as const];
      });
    }),
  );
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(4));
}
