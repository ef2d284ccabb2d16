/**
 * Measures the CPU time of a no-op in several builds or settings of this package. All processes stay up and get one second
 * of load in turn, so that other load on the machine affects them equally. Each turn is compared with the first process's.
 *
 *     npm run build && node bench/micro/side-by-side.ts                      # with and without a log line per invocation
 *     node bench/micro/side-by-side.ts '../before/dist/src/cli/main.js' 'dist/src/cli/main.js --log-invocations all'
 *     SLOTS=64 TURNS=50 node bench/micro/side-by-side.ts                    # default: 8 slots with one thread each, 25 turns
 */
import Table from 'cli-table3';
import { findBuiltPackage } from '../built-package.ts';
import { lambdaEnvironment } from '../contenders/environment.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { LoadPlan } from '../load/protocol.ts';
import { cpuPerEvent, readCpu } from '../proc/cpu.ts';
import type { CpuTime } from '../proc/cpu.ts';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import { canPin, runtimeOnOneCore, UNPINNED } from '../proc/pinning.ts';
import { startChild } from '../runner/child.ts';
import type { Child } from '../runner/child.ts';
import { median } from '../runner/median.ts';

const TURNS = Number(process.env['TURNS'] ?? 25);
const SLOTS = Number(process.env['SLOTS'] ?? 8);
const SETUP = { handler: 'noop', slots: SLOTS, threads: SLOTS, threadpool: undefined };

interface Contender {
  readonly command: string;
  readonly runtime: Child;
  readonly load: LoadProcess;
  readonly turns: CpuTime[];
}

const pinning = canPin() ? runtimeOnOneCore() : UNPINNED;
const contenders = await Promise.all(commands().map(open));
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

async function open(command: string): Promise<Contender> {
  const load = await LoadProcess.start(pinning.load);
  const runtime = startChild(command, [process.execPath, ...command.split(' ')], {
    cpus: pinning.runtime,
    env: { ...lambdaEnvironment(SETUP), AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${load.port}` },
  });
  await Promise.race([load.parked(SETUP.slots), load.failed, runtime.died]);
  return { command, runtime, load, turns: [] };
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
    head: ['', 'CPU µs', 'main thread', 'threads', '÷ the first', 'peak MiB'],
    style: { head: [], border: [] },
  });
  for (const { command, runtime, turns } of all) {
    const of = (part: keyof CpuTime) => median(turns.map((turn) => turn[part])).toFixed(1);
    const ratios = turns.map(({ total }, turn) => total / (all[0]?.turns[turn]?.total ?? Number.NaN));
    const peak = peakMemoryMiB(runtime.pid)?.toFixed(0) ?? '';
    rows.push([command, of('total'), of('main'), of('threads'), median(ratios).toFixed(3), peak]);
  }
  return rows.toString();
}
