/**
 * Measures layouts at the limits: 1,600 slots on 4 threads with the descriptors that Lambda gives (4,096), and 64 slots with a
 * thread each. Each is started, serves 10,000 no-ops and stops.
 *
 *     npm run build && node bench/micro/many-slots.ts
 *     node bench/micro/many-slots.ts 200x8 512x16       # slots x threads
 */
import { readdirSync } from 'node:fs';
import Table from 'cli-table3';
import { findBuiltPackage } from '../built-package.ts';
import { ours } from '../contenders/ours.ts';
import type { Setup } from '../contenders/contender.ts';
import { LoadProcess } from '../load/load-process.ts';
import { residentMiB } from '../proc/memory.ts';
import { peakMemoryMiB } from '../../src/cli/bench/process-usage.ts';
import { startChild } from '../runner/child.ts';

const EVENTS = 10_000;
const DESCRIPTORS = 4_096;
const LAYOUTS = process.argv.length > 2 ? process.argv.slice(2) : ['1600x4', '64x64'];
const { entry, version } = findBuiltPackage(undefined);
const rows = new Table({
  head: [
    'slots',
    'threads',
    'first poll ms',
    'all polls ms',
    'events/s',
    'stop ms',
    'exit code',
    'rest MiB',
    'peak MiB',
    'descriptors',
  ],
  style: { head: [], border: [] },
});
for (const layout of LAYOUTS) {
  const [slots = 0, threads = 0] = layout.split('x').map(Number);
  rows.push(await measure({ handler: 'noop', slots, threads, threadpool: undefined }));
}
console.log(rows.toString());

async function measure(setup: Setup): Promise<(string | number)[]> {
  const load = await LoadProcess.start(undefined);
  const contender = ours(entry, version);
  const limited = ['sh', '-c', `ulimit -n ${DESCRIPTORS} && exec "$@"`, 'sh', ...contender.command(setup)];
  const runtime = startChild('the runtime', limited, {
    cpus: undefined,
    env: { ...contender.environment(setup), AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${load.port}` },
  });
  const failed = Promise.race([load.failed, runtime.died]);
  const firstMs = (await Promise.race([load.firstPoll(), failed])) - runtime.startedMs;
  await Promise.race([load.whenPolling(setup.slots), failed]);
  const allMs = performance.timeOrigin + performance.now() - runtime.startedMs;
  const restMiB = residentMiB(runtime.pid);
  const {
    completed,
    failed: errors,
    seconds,
  } = await Promise.race([
    load.run({ kind: 'saturation', body: { kind: 'json', text: '{}' }, until: { events: EVENTS } }),
    failed,
  ]);
  if (completed !== EVENTS || errors > 0)
    throw new Error(`${completed} events answered, ${errors} with errors.`);
  const descriptors = readdirSync(`/proc/${runtime.pid}/fd`).length;
  const peakMiB = peakMemoryMiB(runtime.pid) ?? Number.NaN;
  const stopped = performance.now();
  const exited = new Promise<number | null>((resolve) => runtime.process.once('exit', resolve));
  runtime.process.kill('SIGTERM');
  const code = await exited;
  const stopMs = performance.now() - stopped;
  await load.stop();
  const whole = [firstMs, allMs, completed / seconds, stopMs].map((value) => Math.round(value));
  return [setup.slots, setup.threads, ...whole, code ?? 'signal', restMiB, peakMiB, descriptors].map(
    (cell) => (typeof cell === 'number' ? Math.round(cell) : cell),
  );
}
