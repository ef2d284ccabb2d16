import type { Check } from './check.ts';
import { environmentOf } from './nodes.ts';
import { createProject } from './project.ts';

/** Prints the load time of each entry point. There is no limit; this check always passes. */
export const loadTimes: Check = async ({ tarball, nodes }, log) => {
  using project = await createProject(log, { type: 'module' }, [tarball], ['@opentelemetry/api']);
  project.write({ 'time-import.mjs': TIME_IMPORT });
  for (const node of nodes) {
    await log.run(node.path, ['time-import.mjs'], { cwd: project.path, env: environmentOf(node) });
  }
};

/** Measures each load in its own process. Returns the median of seven, after one that warms the disk cache. */
const TIME_IMPORT = `
import { execFileSync } from 'node:child_process';

const ENTRIES = ['lambda-managed-runtime', ...['worker', 'emf', 'otel', 'testing'].map((name) => 'lambda-managed-runtime/' + name)];
for (const entry of ENTRIES) {
  const code = 'const t = performance.now(); await import("' + entry + '"); console.log(performance.now() - t)';
  const run = () => Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code]));
  run();
  const median = Array.from({ length: 7 }, run).sort((a, b) => a - b)[3];
  console.log(process.version, 'import', entry.padEnd(30), median.toFixed(0), 'ms');
}
`;
