import type { Absentee } from '../contenders/contender.ts';
import type { Machine } from '../../src/cli/bench/machine.ts';
import type { Failure, Sample } from '../runner/sample.ts';
import { cpuSplits } from './split.ts';
import type { CpuSplit } from './split.ts';
import { summarize } from './summary.ts';
import type { GoalRow } from './summary.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** The result of a benchmark run. The JSON file contains it as is; the table and the HTML report are made from it. */
export interface RunRecord {
  readonly about: About;
  readonly goals: readonly GoalRow[];
  readonly splits: readonly CpuSplit[];
  /** Present with `--shape`. */
  readonly shape: Shape | undefined;
  readonly absentees: readonly Absentee[];
  readonly failures: readonly Failure[];
  readonly samples: readonly Sample[];
}

export interface About {
  readonly date: string;
  readonly command: string;
  readonly rounds: number;
  readonly size: 'full' | 'quick';
  readonly pinned: boolean;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly iterationsPerMs: number;
}

interface Shape {
  readonly fullAt: ReadonlyArray<{
    readonly scenario: string;
    /** The CPU time of our main thread per invocation. */
    readonly mainUs: number;
    /** The rate at which the main thread is fully busy. */
    readonly perSecond: number;
  }>;
}

export function makeRecord(
  about: About,
  scenarios: readonly Scenario[],
  found: Pick<RunRecord, 'samples' | 'failures' | 'absentees'>,
): RunRecord {
  const splits = cpuSplits(found.samples);
  const grown = splits.filter(({ scenario, label }) => scenario.startsWith('shape-') && label === 'ours');
  const fullAt = grown.map(({ scenario, main }) => ({ scenario, mainUs: main, perSecond: 1e6 / main }));
  return {
    about,
    goals: summarize(scenarios, found.samples),
    splits,
    shape: fullAt.length > 0 ? { fullAt } : undefined,
    ...found,
  };
}

/** Describes how and on which machine the measurements were made. */
export function contextLines({ date, command, rounds, size, pinned, machine, versions }: About): string[] {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memoryMiB / 1024)} GiB, ${machine.os}, Node ${machine.node}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `${date}, ${rounds} round${rounds === 1 ? '' : 's'}${size === 'quick' ? ', quick: too short for figures to rely on' : ''}` +
      `${pinned ? '' : ', nothing pinned (taskset is missing)'}`,
    command,
  ];
}
