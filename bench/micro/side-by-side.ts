/**
 * Measures the CPU time of a no-op in several builds or settings of this package. All processes stay up and get one second
 * of load in turn, so that other load on the machine affects them equally. Each turn is compared with the first process's.
 * Before that, they are started in turn: until the first poll is open, and with the memory that they hold without load.
 *
 *     npm run build && node bench/micro/side-by-side.ts                      # with and without a log line per invocation
 *     node bench/micro/side-by-side.ts '../before/dist/src/cli/main.js' 'dist/src/cli/main.js --log-invocations all'
 *     SLOTS=64 TURNS=50 node bench/micro/side-by-side.ts                    # default: 8 slots with one thread each, 25 turns
 *     SLOTS=1 STARTS=15 node bench/micro/side-by-side.ts 'dist/src/cli/main.js' 'dist/src/cli/main.js --threads 1'
 */
import { setTimeout } from 'node:timers/promises';
import Table from 'cli-table3';
import { findBuiltPackage } from '../built-package.ts';
import { ownEnvironment } from '../contenders/ours.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { LoadPlan } from '../load/protocol.ts';
import { cpuPerEvent, readCpu } from '../proc/cpu.ts';
import type { CpuTime } from '../proc/cpu.ts';
import { residentMiB } from '../proc/memory.ts';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import { canPin, runtimeOnOneCore, UNPINNED } from '../proc/pinning.ts';
import { startChild } from '../runner/child.ts';
import type { Child } from '../runner/child.ts';
import { median } from '../runner/median.ts';

const TURNS = Number(process.env['TURNS'] ?? 25);
const STARTS = Number(process.env['STARTS'] ?? 1);
const SLOTS = Number(process.env['SLOTS'] ?? 8);
const SETUP = { handler: 'noop', slots: SLOTS, threads: SLOTS, threadpool: undefined };

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
  readonly turns: CpuTime[];
}

const pinning = canPin() ? runtimeOnOneCore() : UNPINNED;
const contenders = await startInTurn(commands());
for (const { load } of contenders) await load.run(noOps(5));
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const each of contenders) each.turns.push(await takeTurn(each));
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
  await Promise.race([load.parked(SETUP.slots), load.failed, runtime.died]);
  const startMs = (await load.firstPoll()) - runtime.startedMs;
  await setTimeout(REST_MS);
  return { runtime, load, startMs, restMiB: residentMiB(runtime.pid) };
}

async function takeTurn({ runtime, load }: Contender): Promise<CpuTime> {
  const before = readCpu(runtime.pid);
  const { completed } = await Promise.race([load.run(noOps(1)), load.failed, runtime.died]);
  return cpuPerEvent(before, readCpu(runtime.pid), completed);
}

function noOps(seconds: number): LoadPlan {
  return { kind: 'saturation', body: { kind: 'json', text: '{}' }, until: { seconds } };
}

function table(all: readonly Contender[]): string {
  const rows = new Table({
    head: ['', 'CPU µs', 'main thread', 'threads', '÷ the first', 'start ms', 'rest MiB', 'peak MiB'],
    style: { head: [], border: [] },
  });
  for (const { command, runtime, turns, starts } of all) {
    const of = (part: keyof CpuTime) => median(turns.map((turn) => turn[part])).toFixed(1);
    const ratios = turns.map(({ total }, turn) => total / (all[0]?.turns[turn]?.total ?? Number.NaN));
    const peak = peakMemoryMiB(runtime.pid)?.toFixed(0) ?? '';
    const start = median(starts.map(({ startMs }) => startMs)).toFixed(0);
    const rest = median(starts.map(({ restMiB }) => restMiB)).toFixed(0);
    rows.push([
      command,
      of('total'),
      of('main'),
      of('threads'),
      median(ratios).toFixed(3),
      start,
      rest,
      peak,
    ]);
  }
  return rows.toString();
}
