/**
 * Measures the idle cost of `dev` by number of loaded files: CPU time of the main thread and of all other threads, in
 * percent of a core. `node bench/micro/dev-watch.ts [files …]`, on Linux.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { startChild } from '../runner/child.ts';

const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const SETTLE_MS = 3_000;
const MEASURE_MS = 20_000;

const given = process.argv.slice(2).map(Number);
const table = new Table({
  head: ['files', 'main thread, %', 'all others, %'],
  style: { head: [], border: [] },
});
for (const files of given.length > 0 ? given : [1, 100, 1000, 5000]) table.push(await measure(files));
process.stdout.write(`${table.toString()}\n`);

async function measure(files: number): Promise<(number | string)[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dev-watch-'));
  const names = Array.from({ length: files - 1 }, (_, n) => `./part-${n}.mjs`);
  for (const name of names) writeFileSync(join(folder, name), 'export {};');
  const handler = join(folder, 'handler.mjs');
  const imports = names.map((name) => `import '${name}';`).join('\n');
  writeFileSync(handler, `${imports}\nexport const handler = async () => null;`);
  const env = { ...process.env, LOCAL_LAMBDA_PORT: '0', AWS_LAMBDA_RUNTIME_API: '' };
  const command = [process.execPath, COMMAND, 'dev', handler, '--concurrency', '2'];
  const child = startChild('dev', command, { cpus: undefined, env });
  try {
    await Promise.race([ready(child.process), child.died]);
    await setTimeout(SETTLE_MS);
    const before = cpuMs(child.pid);
    const startMs = performance.now();
    await setTimeout(MEASURE_MS);
    const after = cpuMs(child.pid);
    const passedMs = performance.now() - startMs;
    const percent = (which: 'main' | 'others') =>
      (((after[which] - before[which]) / passedMs) * 100).toFixed(2);
    return [files, percent('main'), percent('others')];
  } finally {
    await child.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Resolves when all threads are ready. */
async function ready({ stdout }: ReturnType<typeof startChild>['process']): Promise<void> {
  for (let text = ''; !text.includes('The runtime is ready');) {
    const [chunk] = stdout === null ? [] : await once(stdout, 'data');
    text += String(chunk);
  }
}

function cpuMs(pid: number): { readonly main: number; readonly others: number } {
  const of = (thread: string): number => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1e6;
  };
  const others = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== String(pid));
  return { main: of(String(pid)), others: others.reduce((sum, thread) => sum + of(thread), 0) };
}
