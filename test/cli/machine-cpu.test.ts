import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { readMachineCpu, usedBetween } from '../../src/cli/bench/machine.ts';
import type { Usage } from '../../src/cli/bench/machine.ts';

const machineCpu = new URL('../../src/cli/bench/machine.ts', import.meta.url).href;

/** Keeps a core busy, and prints whether the measurement counts it as used by other programs. */
const MEASURING_SCRIPT = `
  import { Worker } from 'node:worker_threads';
  import { readMachineCpu, usedByOthers } from '${machineCpu}';
  new Worker('for (;;);', { eval: true });
  const before = readMachineCpu();
  const start = performance.now();
  while (performance.now() - start < 300) await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(usedByOthers(before, readMachineCpu(), 0) > 0);
  process.exit();
`;

it.each([
  { cores: `0-${availableParallelism() - 1}`, seen: 'true' },
  { cores: '0', seen: 'false' },
])('on the cores $cores, the CPU time of other programs is visible: $seen', async ({ cores, seen }) => {
  const look = [process.execPath, '--input-type=module', '--eval', MEASURING_SCRIPT];
  const { stdout } = await promisify(execFile)('taskset', ['--cpu-list', cores, ...look], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  expect(stdout.trim()).toBe(seen);
});

it('reads the CPU time of all cores, also on a system without /proc', () => {
  const before = readMachineCpu();
  using _other = onPlatform('darwin');
  const { busy, idle, steal } = readMachineCpu();
  using _linux = onPlatform('linux');
  const after = readMachineCpu();
  // Node.js counts interrupts, devices and waiting for I/O differently.
  expect((busy + idle) / (before.busy + before.idle)).toBeCloseTo(1, 0);
  expect(after.busy + after.idle).toBeGreaterThanOrEqual(before.busy + before.idle);
  expect(steal).toBe(0);
});

it('computes what the runtime and other programs used between two readings', () => {
  const at = (ms: number, runtimeMs: number, loadMs: number, delayMs: number, stealUs: number): Usage => ({
    runtime: {
      type: 'metrics',
      atMs: ms,
      cpuMs: runtimeMs,
      coreDelayMs: delayMs,
      peakMemoryMiB: 1,
      startingThreads: 0,
      usableSlots: 1,
    },
    load: { atMs: ms, cpuMs: loadMs },
    machine: { busy: 1_000 * (runtimeMs + loadMs) + stealUs, idle: 1_000 * ms - stealUs, steal: stealUs },
  });
  const used = usedBetween(at(0, 0, 0, 0, 0), at(1_000, 1_500, 250, 100, 0));
  expect(used).toMatchObject({ wallMs: 1_000, cores: 1.5, delayedThreads: 0.1, loadCore: 0.25, stolen: 0 });
  const isWhole = availableParallelism() === cpus().length;
  const stolen = usedBetween(at(0, 0, 0, 0, 0), at(1_000, 0, 0, 0, 400_000));
  // Without delays of threads, all CPU time of other programs counts as stolen.
  expect(stolen.stolen).toBe(stolen.others);
  expect(stolen.others > 0).toBe(isWhole);
});

/** Makes `process.platform` return another platform. */
function onPlatform(platform: NodeJS.Platform): Disposable {
  const descriptor = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
  Object.defineProperty(process, 'platform', { ...descriptor, value: platform });
  return { [Symbol.dispose]: () => void Object.defineProperty(process, 'platform', descriptor) };
}
