import { readFileSync } from 'node:fs';
import type { Comparison, SizeResult } from '../../src/cli/bench/index.ts';

/** The result of each function, by its name. `results.json` has the same form. */
export type Results = Readonly<Record<string, Comparison>>;

/** How a size changed between two results. */
export interface Change {
  readonly name: string;
  readonly slots: number;
  readonly threads: number;
  /** CPU time of an invocation, in ms. */
  readonly cpuMs: Pair;
  /** Invocations per second on cores of its own. */
  readonly possiblePerSecond: Pair;
  readonly isRegression: boolean;
}

/** A value of the stored result, that of the new one, and the relative difference: 0.1 is an increase by a tenth. */
interface Pair {
  readonly before: number;
  readonly now: number;
  readonly change: number;
}

/** The comparison of two results. */
export interface Changes {
  readonly sizes: readonly Change[];
  /** Why the two results, or some functions of them, cannot be compared. Empty if they can. */
  readonly obstacles: readonly string[];
}

/**
 * Compares the sizes that both results have. A size is a regression if an invocation takes more CPU time, or if the possible
 * throughput is lower, by more than the tolerance.
 *
 * @param tolerance a relative difference: 0.15 is 15 %.
 */
export function compareResults(before: Results, now: Results, tolerance: number): Changes {
  const sizes: Change[] = [];
  const obstacles: string[] = [];
  for (const [name, newer] of Object.entries(now)) {
    const older = before[name];
    const obstacle = older === undefined ? 'the stored result does not have it' : obstacleTo(older, newer);
    if (older === undefined || obstacle !== undefined) {
      obstacles.push(`${name}: ${obstacle}.`);
      continue;
    }
    const changes = newer.measurements.flatMap((size) => {
      const stored = older.measurements.find((each) => isSameSize(each, size));
      return stored === undefined ? [] : [changeOf(name, stored, size, tolerance)];
    });
    if (changes.length === 0) obstacles.push(`${name}: the stored result has none of these sizes.`);
    sizes.push(...changes);
  }
  return { sizes, obstacles };
}

/** Reads `results.json` of an earlier run. Throws an Error if the file is something else. */
export function readResults(file: string): Results {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const hasMeasurements = (each: unknown): boolean =>
    typeof each === 'object' && each !== null && 'measurements' in each;
  if (typeof content !== 'object' || content === null || !Object.values(content).every(hasMeasurements))
    throw new Error(`${file} is not a result of this script.`);
  return content as Results;
}

function obstacleTo(older: Comparison, newer: Comparison): string | undefined {
  if (!newer.reliable) return 'the measurements are unreliable';
  if (!older.reliable) return 'the stored measurements are unreliable';
  const [before, now] = [older, newer].map(
    ({ about: { machine } }) => `${machine.cpu} with ${machine.cores} cores`,
  );
  return before === now ? undefined : `the stored result is from another machine (${before}, now ${now})`;
}

function isSameSize(one: SizeResult, other: SizeResult): boolean {
  return one.slots === other.slots && one.threads === other.threads;
}

function changeOf(name: string, older: SizeResult, newer: SizeResult, tolerance: number): Change {
  const cpuMs = pair(older.cpu.msPerInvocation, newer.cpu.msPerInvocation);
  const possiblePerSecond = pair(older.possiblePerSecond, newer.possiblePerSecond);
  return {
    name,
    slots: newer.slots,
    threads: newer.threads,
    cpuMs,
    possiblePerSecond,
    isRegression: cpuMs.change > tolerance || possiblePerSecond.change < -tolerance,
  };
}

function pair(before: number, now: number): Pair {
  return { before, now, change: now / before - 1 };
}
