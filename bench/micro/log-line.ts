/**
 * What a line of the log costs: CPU time of the process for each, written to a pipe that is read at once.
 * `node bench/micro/log-line.ts [lines]`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';

const LINES = Number(process.argv[2] ?? 50_000);
const ROUNDS = 5;

const WAYS = {
  'console.log of Node, main thread': 'node-main',
  'console.log of Node, relayed from a thread': 'node-thread',
  'console.log here, from a thread': 'console',
  'logger.info here, from a thread': 'logger',
  'pino of the handler’s own, from a thread': 'own-pino',
};

const table = new Table({ head: ['way', 'µs per line'] });
for (const [name, way] of Object.entries(WAYS)) {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(way));
  table.push([name, Math.min(...rounds).toFixed(2)]);
}
console.log(table.toString());

/** Measures one method in its own process. Resolves with µs per line. */
async function measure(way: string): Promise<number> {
  const writer = fileURLToPath(new URL('log-line-writer.ts', import.meta.url));
  const child = fork(writer, [way, String(LINES)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  child.stdout?.resume();
  const [microseconds] = (await once(child, 'message')) as [number];
  await once(child, 'exit');
  return microseconds / LINES;
}
