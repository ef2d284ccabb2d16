/**
 * Measures the CPU time of the process per log line, by method. The lines are written to a pipe that is read continuously.
 * `node bench/micro/log-line.ts [lines]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';

const LINES = Number(process.argv[2] ?? 50_000);
const ROUNDS = 5;

const METHODS = {
  'Node’s console.log, main thread': 'node-main',
  'Node’s console.log, relayed from a thread': 'node-thread',
  'our console.log, from a thread': 'console',
  'our logger.info, from a thread': 'logger',
  'the handler’s own pino, from a thread': 'own-pino',
};

const table = new Table({ head: ['method', 'µs per line'] });
for (const [name, method] of Object.entries(METHODS)) {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(method));
  table.push([name, Math.min(...rounds).toFixed(2)]);
}
console.log(table.toString());

/** Measures one method in its own process. Resolves with µs per line. */
async function measure(method: string): Promise<number> {
  const writer = fileURLToPath(new URL('log-line-writer.ts', import.meta.url));
  const child = fork(writer, [method, String(LINES)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  child.stdout?.resume();
  const exited = once(child, 'exit');
  const [microseconds] = (await once(child, 'message')) as [number];
  await exited;
  return microseconds / LINES;
}
