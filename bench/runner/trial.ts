import { setTimeout } from 'node:timers/promises';
import { bareWork } from '../calibration/bare-work.ts';
import type { Contender, Setup } from '../contenders/contender.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { LoadReport } from '../load/protocol.ts';
import { cpuPerEvent, readCpu } from '../proc/cpu.ts';
import { readMachineCpu, usedByOthers } from '../../src/cli/bench/machine.ts';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import type { Pinning } from '../proc/pinning.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { iterationsFor, measuredPlan, warmUpPlan } from './load-plan.ts';
import type { Scale } from './load-plan.ts';
import { median } from './median.ts';
import type { Sample } from './sample.ts';

export type Measured = Omit<Sample, 'scenario' | 'contender' | 'label' | 'round'>;

/** One run of a contender in a scenario, in its own processes. */
export interface Trial {
  readonly scenario: Scenario;
  readonly contender: Contender;
  readonly setup: Setup;
  readonly pinning: Pinning;
  readonly scale: Scale;
  readonly round: number;
}

/** Runs the trial. Rejects when the runtime exits, stops answering or answers with errors. */
export function runTrial(trial: Trial): Promise<Measured> {
  return trial.scenario.load.kind === 'starts' ? runStarts(trial) : runLoad(trial);
}

/** Returns the rate at which only the handlers' work would use all cores. */
export async function runBareWork(scenario: Scenario, scale: Scale): Promise<Measured> {
  const { load } = scenario;
  if (load.kind !== 'saturation' || load.event.kind !== 'cpu') {
    throw new Error(`The scenario ${scenario.id} has no CPU work to compare with.`);
  }
  const iterations = iterationsFor(load.event.cpuMs, scale);
  const cpuMs = await bareWork({ iterations, seconds: scale.size === 'full' ? 4 : 1 });
  return { metrics: { rate: (scale.cores * 1000) / cpuMs, cpuUs: cpuMs * 1000 } };
}

async function runLoad(trial: Trial): Promise<Measured> {
  const { scenario, scale, round } = trial;
  return withRuntime(trial, async (load, runtime, failed) => {
    const expected = trial.contender.polls(trial.setup);
    await Promise.race([load.whenPolling(expected), failed, tooLate(load, expected)]);
    const warmUp = warmUpPlan(scenario.load, scale);
    if (warmUp !== undefined) await Promise.race([load.run(warmUp), failed]);
    const before = readAll(runtime, load);
    const report = await Promise.race([load.run(measuredPlan(scenario, scale, round)), failed]);
    const after = readAll(runtime, load);
    assertAnswered(report);
    const cpu = cpuPerEvent(before.runtime, after.runtime, report.completed);
    const loadCpuUs = cpuPerEvent(before.load, after.load, report.completed).total;
    const rate = report.completed / report.seconds;
    const ownUs = (cpu.total + loadCpuUs) * report.completed;
    return {
      metrics: {
        rate,
        cpuUs: cpu.total,
        ...latencyOf(scenario, report),
        peakMiB: peakMemoryMiB(runtime.pid),
      },
      cpu,
      load: { cpuUs: loadCpuUs, busy: (rate * loadCpuUs) / 1e6 },
      others: usedByOthers(before.machine, after.machine, ownUs),
      invocations: report.completed,
      latencies: report.latencies,
    };
  });
}

function readAll(runtime: Child, load: LoadProcess) {
  return { runtime: readCpu(runtime.pid), load: readCpu(load.pid), machine: readMachineCpu() };
}

/** Measures several starts and returns their median. */
async function runStarts(trial: Trial): Promise<Measured> {
  const { load } = trial.scenario;
  const starts = load.kind === 'starts' ? load.starts[trial.scale.size] : 0;
  const times: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    times.push(
      await withRuntime(trial, async (load, runtime, failed) => {
        const first = await Promise.race([load.firstPoll(), failed, tooLate(load, 1)]);
        return first - runtime.startedMs;
      }),
    );
  }
  return { metrics: { startMs: median(times) } };
}

type Act<Result> = (load: LoadProcess, runtime: Child, failed: Promise<never>) => Promise<Result>;

async function withRuntime<Result>(trial: Trial, act: Act<Result>): Promise<Result> {
  const { contender, setup, pinning } = trial;
  const load = await LoadProcess.start(pinning.load);
  try {
    const runtime = startChild(contender.name, contender.command(setup), {
      cpus: pinning.runtime,
      env: { ...contender.environment(setup), AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${load.port}` },
    });
    try {
      return await act(load, runtime, Promise.race([runtime.died, load.failed]));
    } finally {
      await runtime.kill();
    }
  } finally {
    await load.stop();
  }
}

const STARTED_WITHIN_MS = 120_000;

async function tooLate(load: LoadProcess, expected: number): Promise<never> {
  await setTimeout(STARTED_WITHIN_MS, undefined, { ref: false });
  throw new Error(
    `only ${load.polls} of ${expected} polls were open ${STARTED_WITHIN_MS / 1000} s after the start`,
  );
}

/** Failed invocations end early and would make the runtime look fast. */
export function assertAnswered({ completed, failed, firstError }: LoadReport): void {
  if (failed > 0) {
    throw new Error(
      `${failed} of ${completed} invocations were answered with an error; the first: ${firstError}`,
    );
  }
  if (completed === 0) throw new Error('no invocation was answered');
}

/** The latencies to which the goals of the scenario apply. */
export function latencyOf(
  { load }: Scenario,
  { latencies }: LoadReport,
): { readonly p50Ms: number; readonly p99Ms: number } {
  const latency = latencies[load.kind === 'poisson' ? (load.classes[0]?.name ?? '') : 'all'];
  const at = (wanted: number): number =>
    latency?.percentiles.find(([percentile]) => percentile === wanted)?.[1] ?? Number.NaN;
  return { p50Ms: at(50), p99Ms: at(99) };
}
