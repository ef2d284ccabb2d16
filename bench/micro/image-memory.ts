/**
 * Measures what settings of glibc's malloc save and cost when native code allocates on many threads (the image example on
 * 4 threads). All processes stay up and work in turn, so that other load on the machine affects them equally. Requires
 * `npm run build` and Linux.
 *
 *     node bench/micro/image-memory.ts                                         # none, and MALLOC_ARENA_MAX=2
 *     node bench/micro/image-memory.ts '' MALLOC_ARENA_MAX=2,MALLOC_TRIM_THRESHOLD_=131072
 *     TURNS=50 node bench/micro/image-memory.ts                                # default: 20 turns of 8 pictures
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { build } from 'esbuild';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { findBuiltPackage } from '../built-package.ts';
import { lambdaEnvironment } from '../contenders/environment.ts';
import { readCpu } from '../proc/cpu.ts';
import { residentMemory } from '../proc/memory.ts';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import { startChild } from '../runner/child.ts';
import type { Child } from '../runner/child.ts';
import { median } from '../runner/median.ts';

const TURNS = Number(process.env['TURNS'] ?? 20);
const PICTURES = 8;
const THREADS = 4;
const PATIENT_MS = 120_000;
const SETUP = { handler: 'image', slots: THREADS, threads: THREADS, threadpool: THREADS };

interface Contender {
  readonly settings: string;
  readonly api: RuntimeApiServer;
  readonly runtime: Child;
  readonly turns: { cpuMs: number; wallMs: number }[];
}

const folder = fileURLToPath(new URL('../results/image-memory', import.meta.url));
await build({
  // Inside the project, so that sharp resolves. JavaScript, because each thread would otherwise load Node's type stripper.
  entryPoints: { image: fileURLToPath(new URL('../../examples/image/handler.ts', import.meta.url)) },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['sharp'],
});
const given = process.argv.slice(2);
const contenders: Contender[] = [];
for (const settings of given.length > 0 ? given : ['', 'MALLOC_ARENA_MAX=2']) {
  contenders.push(await open(settings));
}
let pictures = 0;
for (const each of contenders) await takeTurn(each);
for (const each of contenders) each.turns.length = 0;
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const each of turn % 2 === 0 ? contenders : contenders.toReversed()) await takeTurn(each);
}
console.log(table());
for (const { api, runtime } of contenders) {
  await runtime.kill();
  await api.close();
}
rmSync(folder, { recursive: true });

async function open(settings: string): Promise<Contender> {
  const api = await startRuntimeApiServer();
  const runtime = startChild(settings, [process.execPath, findBuiltPackage(undefined).entry], {
    cpus: undefined,
    env: {
      ...lambdaEnvironment(SETUP),
      ...Object.fromEntries(settings.split(',').map((setting) => setting.split('='))),
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: folder,
    },
  });
  await Promise.race([api.whenPolling(THREADS), runtime.died]);
  return { settings, api, runtime, turns: [] };
}

async function takeTurn({ api, runtime, turns }: Contender): Promise<void> {
  const before = readCpu(runtime.pid);
  const startMs = performance.now();
  let left = PICTURES;
  const call = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1;
      pictures += 1;
      const event = JSON.stringify({ width: 600 + (pictures % 7) * 150 });
      const { status } = await api.invoke(event, { whenCapacity: true, timeoutMs: PATIENT_MS });
      if (status !== 'response') throw new Error(`An image invocation ended with ${status}.`);
    }
  };
  await Promise.race([Promise.all(Array.from({ length: THREADS }, call)), runtime.died]);
  const wallMs = (performance.now() - startMs) / PICTURES;
  turns.push({ wallMs, cpuMs: (readCpu(runtime.pid).total - before.total) / 1000 / PICTURES });
}

function table(): string {
  const rows = new Table({
    head: ['', 'CPU ms', '÷ the first', 'wall ms', '÷ the first', 'resident MiB', 'of it malloc', 'peak MiB'],
    style: { head: [], border: [] },
  });
  for (const { settings, runtime, turns } of contenders) {
    const columns = (['cpuMs', 'wallMs'] as const).flatMap((part) => [
      median(turns.map((turn) => turn[part])).toFixed(0),
      median(turns.map((turn, n) => turn[part] / (contenders[0]?.turns[n]?.[part] ?? Number.NaN))).toFixed(3),
    ]);
    const { total, malloc } = residentMemory(runtime.pid);
    rows.push([settings, ...columns, total, malloc, peakMemoryMiB(runtime.pid).toFixed(0)]);
  }
  return rows.toString();
}
