/**
 * Measures a scenario of the benchmark, by default `memory-8`, with several settings of the process: environment variables,
 * such as those of glibc's malloc, and flags of Node.js. Nothing else is set, also not what the scripts in `deploy` set. Each
 * round starts a new process for each setting, in turn.
 *
 *     npm run build && node bench/micro/process-settings.ts '' 'MALLOC_ARENA_MAX=2' 'MALLOC_ARENA_MAX=2 --max-semi-space-size=4'
 *     SCENARIO=echo-1mb ROUNDS=5 node bench/micro/process-settings.ts '' 'MALLOC_ARENA_MAX=2'     # default: 3 rounds
 */
import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import { findBuiltPackage } from '../built-package.ts';
import { calibrate } from '../calibration/bare-work.ts';
import { lambdaEnvironment } from '../contenders/environment.ts';
import { ours } from '../contenders/ours.ts';
import type { Contender } from '../contenders/contender.ts';
import { runtimeOnOneCore, UNPINNED } from '../proc/pinning.ts';
import { median } from '../runner/median.ts';
import { runTrial } from '../runner/trial.ts';
import type { Measured } from '../runner/trial.ts';
import { SCENARIOS } from '../scenarios/all.ts';
import { METRICS } from '../scenarios/scenario.ts';
import type { Metric } from '../scenarios/scenario.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const id = process.env['SCENARIO'] ?? 'memory-8';
const scenario = SCENARIOS.find((each) => each.id === id);
if (scenario === undefined) throw new Error(`There is no scenario ${id}.`);

const settings = process.argv.slice(2);
const contenders = settings.map(contender);
const scale = { size: 'full', iterationsPerMs: await calibrate(1), cores: availableParallelism() } as const;
const pinning = scenario.pinning === 'none' ? UNPINNED : runtimeOnOneCore();
const measured = settings.map((): Measured[] => []);
for (let round = 1; round <= ROUNDS; round += 1) {
  for (const [index, each] of contenders.entries()) {
    const setup = { ...scenario, threadpool: undefined };
    const trial = await runTrial({ scenario, contender: each, setup, pinning, scale, round });
    measured[index]?.push(trial);
    console.error(round, settings[index], trial.metrics);
  }
}
console.log(table());

/** Parts such as `NAME=value` are environment variables, the others flags of Node.js. */
function contender(setting: string): Contender {
  const { entry, version } = findBuiltPackage(undefined);
  const parts = setting.split(' ').filter((part) => part !== '');
  const variables = parts.filter((part) => !part.startsWith('-')).map((part) => part.split('='));
  const flags = parts.filter((part) => part.startsWith('-'));
  return {
    ...ours(entry, version),
    command: () => [process.execPath, ...flags, entry],
    environment: (setup) => ({ ...lambdaEnvironment(setup), ...Object.fromEntries(variables) }),
  };
}

function table(): string {
  const metrics: readonly Metric[] = ['rate', 'cpuUs', 'p99Ms', 'peakMiB'];
  const rows = new Table({
    head: ['', ...metrics.map((metric) => METRICS[metric].title)],
    style: { head: [], border: [] },
  });
  for (const [index, setting] of settings.entries()) {
    const of = (metric: Metric) =>
      median((measured[index] ?? []).map(({ metrics }) => metrics[metric] ?? Number.NaN));
    rows.push([setting || '(none)', ...metrics.map((metric) => of(metric).toPrecision(4))]);
  }
  return rows.toString();
}
