import { warnings, rationale } from './rationale.ts';
import type { Machine } from './machine.ts';
import type { Measurement } from './measurement.ts';
import { recommend } from './recommendation.ts';
import type { Recommendation } from './recommendation.ts';
import type { BenchProfile } from './profile.ts';
import type { Modules } from './runtime-process.ts';

/** The result of a benchmark. `--json` writes it as is; the table and the HTML report are made from it. */
export interface BenchRecord {
  readonly about: About;
  readonly measurements: readonly Measurement[];
  readonly recommendation: Recommendation & { readonly rationale: readonly string[] };
  /** Where the CPU time of the recommended size went; with `--profile`. */
  readonly profile?: BenchProfile;
  /** What makes the measurements unreliable or limits the recommendation. */
  readonly warnings: readonly string[];
}

export interface About {
  readonly workerFile: string;
  readonly modules: Modules;
  /** The number of different events. */
  readonly events: number;
  readonly seconds: number;
  /** ISO 8601. */
  readonly date: string;
  readonly version: string;
  readonly machine: Machine;
}

export function makeRecord(about: About, measurements: readonly Measurement[]): BenchRecord {
  const { cores } = about.machine;
  const recommendation = recommend(measurements, cores);
  return {
    about,
    measurements,
    recommendation: { ...recommendation, rationale: rationale(recommendation, measurements, cores) },
    warnings: warnings(recommendation, measurements, cores),
  };
}

/** The recommended settings, as names and values. */
export function recommendedSettings({
  recommendation: { advice },
}: BenchRecord): [name: string, value: string][] {
  const { vCpus, gibPerVCpu, memoryMiB } = advice.environment;
  return [
    ['PerExecutionEnvironmentMaxConcurrency', String(advice.perExecutionEnvironmentMaxConcurrency)],
    ['MemorySize', `${memoryMiB} (${vCpus} ${vCpus === 1 ? 'vCPU' : 'vCPUs'})`],
    ['ExecutionEnvironmentMemoryGiBPerVCpu', String(gibPerVCpu)],
    ...(advice.invocationsPerThread > 1
      ? ([
          ['threads', `${advice.threads}, or AWS_LAMBDA_NODEJS_WORKER_COUNT=${advice.threads}`],
          ['invocationsPerThread', String(advice.invocationsPerThread)],
        ] as [string, string][])
      : []),
  ];
}

/** Describes how and on which machine the measurements were made. */
export function contextLines({ about }: BenchRecord): string[] {
  const { cpu, cores, memoryMiB, os, node } = about.machine;
  const modules = Object.entries(about.modules).map(([option, module]) => `${option} ${String(module)}, `);
  return [
    `${about.workerFile}, ${modules.join('')}${about.events} ${about.events === 1 ? 'event' : 'different events'}, ${about.seconds} s per size, ${about.date}`,
    `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${Math.round(memoryMiB / 1024)} GiB, ${os}, Node ${node}, lambda-managed-runtime ${about.version}`,
  ];
}
