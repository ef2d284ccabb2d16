/**
 * Measures a scenario of the benchmark, by default no-ops, in several builds or settings of this package. All processes stay
 * up and get a few seconds of load in turn, so that other load on the machine affects them equally. Each turn is compared with
 * the first process's. Before that, they are started in turn: until the first poll is open, and with the memory that they
 * hold without load.
 *
 *     npm run build && node bench/micro/side-by-side.ts                      # with and without a log line per invocation
 *     node bench/micro/side-by-side.ts '../before/dist/src/cli/main.js' 'dist/src/cli/main.js --log-invocations all'
 *     SLOTS=64 TURNS=50 node bench/micro/side-by-side.ts                    # default: 8 slots with one thread each, 25 turns
 *     SCENARIO=mix node bench/micro/side-by-side.ts                         # CPU work instead of no-ops, with its latency
 *     SLOTS=1 STARTS=15 node bench/micro/side-by-side.ts 'dist/src/cli/main.js' 'dist/src/cli/main.js --threads 1'
 */
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import Table from 'cli-table3';
import { findBuiltPackage } from '../built-package.ts';
import { calibrate } from '../calibration/bare-work.ts';
import { ownEnvironment } from '../contenders/ours.ts';
import { LoadProcess } from '../load/load-process.ts';
import { cpuPerEvent, readCpu } from '../proc/cpu.ts';
import type { CpuTime } from '../proc/cpu.ts';
import { residentMiB } from '../proc/memory.ts';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import { canPin, runtimeOnOneCore, UNPINNED } from '../proc/pinning.ts';
import { startChild } from '../runner/child.ts';
import type { Child } from '../runner/child.ts';
import { measuredPlan } from '../runner/load-plan.ts';
import type { Scale } from '../runner/load-plan.ts';
import { median } from '../runner/median.ts';
import { assertAnswered, latencyOf } from '../runner/trial.ts';
import { SCENARIOS } from '../scenarios/all.ts';
import type { Scenario } from '../scenarios/scenario.ts';

const TURNS = Number(process.env['TURNS'] ?? 25);
const STARTS = Number(process.env['STARTS'] ?? 1);
const SCENARIO = chooseScenario(process.env['SCENARIO'] ?? 'noop-8-cpu');
const SETUP = { ...SCENARIO, threadpool: undefined };

/** How long a process is left alone before its memory is read. */
const REST_MS = 500;

interface Started {
  readonly runtime: Child;
  readonly load: LoadProcess;
  /** From the start of the process to its first poll. */
  readonly startMs: number;
  readonly restMiB: number;
}

interface Contender extends Started {
  readonly command: string;
  readonly starts: readonly Started[];
  readonly turns: Turn[];
}

interface Turn {
  readonly cpu: CpuTime;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Invocations a second. */
  readonly rate: number;
}

const pinning = SCENARIO.pinning === 'runtime-on-one-core' && canPin() ? runtimeOnOneCore() : UNPINNED;
const scale: Scale = { size: 'quick', iterationsPerMs: await calibrate(1), cores: availableParallelism() };
const contenders = await startInTurn(commands());
const warmUp = measuredPlan(SCENARIO, { ...scale, size: 'full' }, -1);
for (const { load } of contenders) await load.run(warmUp);
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const each of contenders) each.turns.push(await takeTurn(each, turn));
}
console.log(table(contenders));
await Promise.all(contenders.flatMap(({ runtime, load }) => [runtime.kill(), load.stop()]));

function commands(): readonly string[] {
  const given = process.argv.slice(2);
  if (given.length > 0) return given;
  const { entry } = findBuiltPackage(undefined);
  return [entry, `${entry} --log-invocations all`];
}

/** The process of the last start stays up. */
async function startInTurn(all: readonly string[]): Promise<Contender[]> {
  const starts = all.map((): Started[] => []);
  for (let start = 0; start < STARTS; start += 1) {
    for (const [index, command] of all.entries()) {
      const last = starts[index]?.at(-1);
      await Promise.all([last?.runtime.kill(), last?.load.stop()]);
      starts[index]?.push(await open(command));
    }
  }
  return all.map((command, index) => {
    const own = starts[index] as Started[];
    return Object.assign({ command, starts: own, turns: [] }, own.at(-1) as Started);
  });
}

async function open(command: string): Promise<Started> {
  const load = await LoadProcess.start(pinning.load);
  const runtime = startChild(command, [process.execPath, ...command.split(' ')], {
    cpus: pinning.runtime,
    env: { ...ownEnvironment(SETUP), AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${load.port}` },
  });
  await Promise.race([load.whenPolling(SETUP.slots), load.failed, runtime.died]);
  const startMs = (await load.firstPoll()) - runtime.startedMs;
  await setTimeout(REST_MS);
  return { runtime, load, startMs, restMiB: residentMiB(runtime.pid) };
}

async function takeTurn({ runtime, load }: Contender, turn: number): Promise<Turn> {
  const before = readCpu(runtime.pid);
  const plan = measuredPlan(SCENARIO, scale, turn);
  const report = await Promise.race([load.run(plan), load.failed, runtime.died]);
  assertAnswered(report);
  const cpu = cpuPerEvent(before, readCpu(runtime.pid), report.completed);
  return { cpu, rate: report.completed / report.seconds, ...latencyOf(SCENARIO, report) };
}

/** The scenario, with `SLOTS` slots and as many threads, if given. */
function chooseScenario(id: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.id === id);
  if (scenario === undefined) throw new Error(`There is no scenario ${id}.`);
  const slots = process.env['SLOTS'];
  return slots === undefined ? scenario : { ...scenario, slots: Number(slots), threads: Number(slots) };
}

function table(all: readonly Contender[]): string {
  const rows = new Table({
    head: [
      '',
      'CPU µs',
      'main thread',
      'threads',
      'CPU ÷ the first',
      'p50 ms',
      'p99 ms',
      'p99 ÷ the first',
      'rate ÷ the first',
      'start ms',
      'rest MiB',
      'peak MiB',
    ],
    style: { head: [], border: [] },
  });
  for (const { command, runtime, turns, starts } of all) {
    const cpuOf = (part: keyof CpuTime) => median(turns.map(({ cpu }) => cpu[part])).toFixed(1);
    const latency = (percentile: 'p50Ms' | 'p99Ms') =>
      median(turns.map((turn) => turn[percentile])).toFixed(2);
    const toFirst = (of: (turn: Turn) => number) =>
      median(turns.map((turn, index) => of(turn) / of(all[0]?.turns[index] as Turn))).toFixed(3);
    const peak = peakMemoryMiB(runtime.pid)?.toFixed(0) ?? '';
    const start = median(starts.map(({ startMs }) => startMs)).toFixed(0);
    const rest = median(starts.map(({ restMiB }) => restMiB)).toFixed(0);
    rows.push([
      command,
      cpuOf('total'),
      cpuOf('main'),
      cpuOf('threads'),
      toFirst(({ cpu }) => cpu.total),
      latency('p50Ms'),
      latency('p99Ms'),
      toFirst(({ p99Ms }) => p99Ms),
      toFirst(({ rate }) => rate),
      start,
      rest,
      peak,
    ]);
  }
  return rows.toString();
}
