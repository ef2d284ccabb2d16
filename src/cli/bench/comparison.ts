import { idealPerSecond, possiblePerSecond, smallestOf } from './capacity.ts';
import type { Machine } from './machine.ts';
import { counted, isShared, isSameSetup } from './measurement.ts';
import type { Measurement, Setup } from './measurement.ts';
import type { BenchProfile } from './profile.ts';
import { caveats, rationale } from './rationale.ts';
import { adviceFor, recommend, recommendFromCpuTime } from './recommendation.ts';
import type { Advice, Basis, Conclusion } from './recommendation.ts';
import { fewFailures, findProblems } from './reliability.ts';
import type { Problems } from './reliability.ts';
import type { Modules } from './runtime-process.ts';
import { workloadOf } from './workload.ts';
import type { Workload } from './workload.ts';

/** The result of a comparison of sizes. */
export interface Comparison {
  /** What was measured, how, and on which machine. */
  readonly about: About;
  /** False if the measurements are unreliable. The command then exits with 2. */
  readonly reliable: boolean;
  /** Why the measurements are unreliable, the most serious reason first. Empty if they are reliable. */
  readonly problems: readonly string[];
  /** One for each size: first those with a thread for each slot, then those with shared threads. */
  readonly measurements: readonly SizeResult[];
  /** The recommended settings; null if the measurements allow none. */
  readonly recommendation: Recommendation | null;
  /** Why no settings are recommended. Absent with a recommendation. */
  readonly noRecommendation?: string;
  /** What limits the measurements or the recommendation, the most serious first. */
  readonly caveats: readonly string[];
}

/** The result of the command. `--json` writes it as is; the table and the HTML report are made from it. */
export interface BenchRecord extends Comparison {
  /** Where the CPU time of the recommended size went. Only with `--profile`. */
  readonly profile?: BenchProfile;
}

/** What was measured, how, and on which machine. */
export interface About {
  /** The handler's file. */
  readonly workerFile: string;
  /** The options that name modules, as given. */
  readonly options: Modules;
  /** The number of different events. */
  readonly events: number;
  /** The least duration of a size's measurement, in seconds. */
  readonly seconds: number;
  /** When the measurement ended, ISO 8601. */
  readonly date: string;
  /** The version of lambda-managed-runtime. */
  readonly version: string;
  /** The machine. */
  readonly machine: Machine;
}

/** The measurement of one size, and what follows from it. */
export interface SizeResult extends Measurement {
  /**
   * The throughput that this size can have on cores of its own, in invocations per second: from the CPU time of an invocation
   * and its duration without the time in which threads had no core. The recommendation compares sizes by it.
   */
  readonly possiblePerSecond: number;
  /** The throughput if each slot were as fast as in the smallest size, up to what the cores can serve. */
  readonly idealPerSecond: number;
  /** `perSecond` ÷ `idealPerSecond`. */
  readonly efficiency: number;
  /** What a thousand invocations occupy, in an environment for this size at `possiblePerSecond`. */
  readonly costPerThousand: Cost;
}

/** What invocations occupy of an execution environment. */
export interface Cost {
  /** vCPU-seconds: the vCPUs of the environment × its time. */
  readonly vCpuSeconds: number;
  /** GiB-seconds: the memory of the environment × its time. */
  readonly gibSeconds: number;
}

/** The recommended settings, with their reasons. */
export interface Recommendation {
  /** `throughput`, or `cpu-time` if other programs disturbed the measurements. */
  readonly basis: Basis;
  /** The measured size that the settings are made for. */
  readonly size: Setup;
  /** The settings. */
  readonly advice: Advice;
  /** How the handler spends its time. */
  readonly workload: Workload;
  /** The reasons, one or two sentences for each setting. */
  readonly rationale: readonly string[];
}

/** Draws the conclusions from measurements. Needs at least one. */
export function makeComparison(about: About, measured: readonly Measurement[]): Comparison {
  const { cores } = about.machine;
  const problems = findProblems(measured);
  const conclusion = conclude(problems, measured, cores);
  const found = typeof conclusion === 'string' ? undefined : conclusion;
  const list = [problems.failures, problems.noise].filter((problem) => problem !== undefined);
  return {
    about,
    reliable: list.length === 0,
    problems: list,
    measurements: sorted(measured).map((each) => sizeResult(each, measured, cores)),
    recommendation:
      found === undefined
        ? null
        : {
            basis: found.basis,
            size: { slots: found.knee.at.slots, threads: found.knee.at.threads },
            advice: found.advice,
            workload: found.workload,
            rationale: rationale(found, measured, cores),
          },
    ...(typeof conclusion === 'string' && { noRecommendation: conclusion }),
    caveats: [...fewFailures(measured), ...caveats(found, measured, cores)],
  };
}

function conclude(
  { failures, noise }: Problems,
  measured: readonly Measurement[],
  cores: number,
): Conclusion | string {
  if (failures !== undefined) return 'Too many invocations failed: their times are not those of the handler.';
  return noise === undefined ? recommend(measured, cores) : recommendFromCpuTime(measured, cores);
}

function sorted(measured: readonly Measurement[]): Measurement[] {
  return measured.toSorted((a, b) => Number(isShared(a)) - Number(isShared(b)) || a.slots - b.slots);
}

function sizeResult(each: Measurement, measured: readonly Measurement[], cores: number): SizeResult {
  const possible = possiblePerSecond(each, cores);
  const ideal = idealPerSecond(each, smallestOf(measured), cores);
  const { perExecutionEnvironmentMaxConcurrency, environment } = adviceFor(
    each,
    measured,
    workloadOf(measured, cores),
    cores,
  );
  const secondsPerThousand = 1000 / ((possible * perExecutionEnvironmentMaxConcurrency) / each.slots);
  return {
    ...each,
    possiblePerSecond: possible,
    idealPerSecond: ideal,
    efficiency: each.perSecond / ideal,
    costPerThousand: {
      vCpuSeconds: environment.vCpus * secondsPerThousand,
      gibSeconds: (environment.memoryMiB / 1024) * secondsPerThousand,
    },
  };
}

/** The recommended settings, as names and values. */
export function recommendedSettings({ advice }: Recommendation): [name: string, value: string][] {
  const { vCpus, gibPerVCpu, memoryMiB } = advice.environment;
  return [
    ['PerExecutionEnvironmentMaxConcurrency', String(advice.perExecutionEnvironmentMaxConcurrency)],
    ['MemorySize', `${memoryMiB} (${counted(vCpus, 'vCPU')})`],
    ['ExecutionEnvironmentMemoryGiBPerVCpu', String(gibPerVCpu)],
    ...(advice.invocationsPerThread > 1
      ? ([
          ['threads', `${advice.threads}, or AWS_LAMBDA_NODEJS_WORKER_COUNT=${advice.threads}`],
          ['invocationsPerThread', String(advice.invocationsPerThread)],
        ] as [string, string][])
      : []),
  ];
}

/** Whether a measured size is the recommended one. */
export function isRecommended(setup: Setup, { recommendation }: Comparison): boolean {
  return recommendation !== null && isSameSetup(setup, recommendation.size);
}

/** Describes how and on which machine the measurements were made. */
export function contextLines({ about }: Comparison): string[] {
  const { cpu, cores, memoryMiB, os, node } = about.machine;
  const options = Object.entries(about.options).map(([option, module]) => `${option} ${String(module)}, `);
  return [
    `${about.workerFile}, ${options.join('')}${about.events === 1 ? '1 event' : `${about.events} different events`}, ${about.seconds} s per size, ${about.date}`,
    `${cpu}, ${counted(cores, 'core')}, ${Math.round(memoryMiB / 1024)} GiB, ${os}, Node ${node}, lambda-managed-runtime ${about.version}`,
  ];
}
