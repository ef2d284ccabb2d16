import type { Contender, ContenderName, Setup } from '../contenders/contender.ts';
import { UNPINNED } from '../proc/pinning.ts';
import type { Pinning } from '../proc/pinning.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Scale } from './load-plan.ts';
import type { Failure, Sample } from './sample.ts';
import { runBareWork, runTrial } from './trial.ts';
import type { Measured } from './trial.ts';

export interface RunSettings {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly scale: Scale;
  /** The CPUs for scenarios that run the runtime on one core. */
  readonly pinning: Pinning;
  readonly onStart: (label: string, scenario: Scenario, round: number) => void;
  readonly onSample: (sample: Sample) => void;
  readonly onFailure: (failure: Failure) => void;
}

export interface RunResult {
  readonly samples: readonly Sample[];
  readonly failures: readonly Failure[];
}

/**
 * Runs all scenarios round by round, so that changes of the machine's speed affect all of them. Within a round the
 * contenders run in turn, and the first one changes per round. A contender that fails is skipped in later rounds of that
 * scenario.
 */
export async function runRounds(settings: RunSettings): Promise<RunResult> {
  const samples: Sample[] = [];
  const failures: Failure[] = [];
  for (let round = 1; round <= settings.rounds; round += 1) {
    for (const scenario of settings.scenarios) {
      for (const entry of rotated(entries(scenario, settings.contenders), round - 1)) {
        const { contender, label } = entry;
        if (failures.some((failure) => failure.scenario === scenario.id && failure.label === label)) continue;
        settings.onStart(label, scenario, round);
        const place = { scenario: scenario.id, contender, label, round };
        try {
          const sample = { ...place, ...(await entry.run(settings, round)) };
          samples.push(sample);
          settings.onSample(sample);
        } catch (error) {
          const failure = { ...place, message: (error as Error).message };
          failures.push(failure);
          settings.onFailure(failure);
        }
      }
    }
  }
  return { samples, failures };
}

interface Entry {
  readonly contender: ContenderName;
  readonly label: string;
  run(settings: RunSettings, round: number): Promise<Measured>;
}

function entries(scenario: Scenario, contenders: readonly Contender[]): Entry[] {
  return scenario.contenders.flatMap((name): Entry[] => {
    if (name === 'bare work') {
      return [{ contender: name, label: name, run: ({ scale }) => runBareWork(scenario, scale) }];
    }
    const contender = contenders.find((each) => each.name === name);
    if (contender === undefined) return [];
    const threadpools = name === 'aws-lambda-ric' ? (scenario.ricThreadpools ?? [undefined]) : [undefined];
    return threadpools.map((threadpool) => ({
      contender: name,
      label: threadpool === undefined ? name : `${name} (UV_THREADPOOL_SIZE=${threadpool})`,
      run: (settings, round) => runTrial(trial(scenario, contender, threadpool, settings, round)),
    }));
  });
}

function trial(
  scenario: Scenario,
  contender: Contender,
  threadpool: number | undefined,
  { scale, pinning }: RunSettings,
  round: number,
) {
  const { handler, slots, threads } = scenario;
  const setup: Setup = { handler, slots, threads, threadpool };
  return {
    scenario,
    contender,
    setup,
    pinning: scenario.pinning === 'none' ? UNPINNED : pinning,
    scale,
    round,
  };
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
