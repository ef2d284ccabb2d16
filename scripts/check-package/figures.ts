import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from './check.ts';
import { environmentOf } from './nodes.ts';
import { createProject } from './project.ts';

/** Prints the size of the package and the load time of its entry points. There is no limit; this check always passes. */
export const figures: Check = async ({ tarball, nodes }, log) => {
  const peers = ['@opentelemetry/api'];
  using project = await createProject(log, { type: 'module' }, [tarball]);
  const modules = join(project.path, 'node_modules');
  const own = filesBelow(join(modules, 'lambda-managed-runtime'));
  const all = filesBelow(modules);
  log.write(`tarball    ${kB(statSync(tarball).size)}\n`);
  log.write(`unpacked   ${kB(bytes(own))} in ${own.length} files\n`);
  for (const kind of ['.js', '.js.map', '.d.ts']) {
    const some = own.filter((file) => file.endsWith(kind));
    log.write(`  ${kind.padEnd(8)} ${kB(bytes(some))} in ${some.length} files\n`);
  }
  log.write(`installed  ${kB(bytes(all))} in ${all.length} files, with all dependencies\n`);
  await log.run('npm', ['install', '--no-audit', '--no-fund', ...peers], { cwd: project.path });
  project.write({ 'time-import.mjs': TIME_IMPORT });
  for (const node of nodes) {
    await log.run(node.path, ['time-import.mjs'], { cwd: project.path, env: environmentOf(node) });
  }
};

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const bytes = (files: readonly string[]) => files.reduce((sum, file) => sum + statSync(file).size, 0);
const kB = (size: number) => `${(size / 1000).toFixed(0)} kB`;

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
