import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const machineCpu = new URL('../../src/cli/bench/machine.ts', import.meta.url).href;

/** Another program uses a core while this one looks on. */
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
])('on the cores $cores, what others use of the machine is seen: $seen', async ({ cores, seen }) => {
  const look = [process.execPath, '--input-type=module', '--eval', MEASURING_SCRIPT];
  const { stdout } = await promisify(execFile)('taskset', ['--cpu-list', cores, ...look], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  expect(stdout.trim()).toBe(seen);
});
