/**
 * Runs the tests, or those that the arguments name, and reports what of `src` and `workers` has run, in whatever process
 * and thread: Node notes it down in all of them.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { report } from './report.ts';

const OUTPUT = 'coverage';
// Children have working directories of their own.
const NOTES = resolve(OUTPUT, 'raw');
const VITEST = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.coverage.config.ts'];
const PROJECTS = [
  '--project',
  'everyday',
  '--project',
  'long',
  '--project',
  'any-node',
  '--project',
  'clock',
];

const files = process.argv.slice(2);
rmSync(OUTPUT, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [...VITEST, ...PROJECTS, ...files], {
  stdio: 'inherit',
  // What comes from a compile cache is not counted exactly.
  env: { ...process.env, NODE_V8_COVERAGE: NOTES, NODE_DISABLE_COMPILE_CACHE: '1' },
});
const fallen = await report(OUTPUT, NOTES);
const whole = files.length === 0;
if (whole) for (const line of fallen) console.error(line);
process.exitCode = status === 0 && !(whole && fallen.length > 0) ? 0 : 1;
