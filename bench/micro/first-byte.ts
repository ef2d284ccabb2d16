/**
 * Measures the time to the first byte of a streamed response whose handler waits one second before its second part,
 * compared with a round trip over loopback. `npm run build && node bench/micro/first-byte.ts [invocations]`
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import Table from 'cli-table3';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import { findBuiltPackage } from '../built-package.ts';
import { ours, singleMode } from '../contenders/ours.ts';
import { startChild } from '../runner/child.ts';

const INVOCATIONS = Number(process.argv[2] ?? 20);
const WAIT_MS = 1000;

const { entry, version } = findBuiltPackage(undefined);

async function firstBytes(contender: ReturnType<typeof ours>): Promise<RecordableHistogram> {
  const setup = { handler: 'slow-stream', slots: 2, threads: 2, threadpool: undefined };
  await using api = await startRuntimeApiServer();
  const env = { ...contender.environment(setup), AWS_LAMBDA_RUNTIME_API: api.address };
  const child = startChild(contender.name, contender.command(setup), { cpus: undefined, env });
  const times = createHistogram();
  await Promise.race([api.whenPolling(contender.polls(setup)), child.died]);
  for (let n = 0; n < INVOCATIONS; n += 1) {
    const begun = performance.now();
    let first: number | undefined;
    const onChunk = () => void (first ??= performance.now() - begun);
    const event = JSON.stringify({ waitMs: WAIT_MS });
    const result = await Promise.race([api.invoke(event, { onChunk, whenCapacity: true }), child.died]);
    if (result.status !== 'response' || first === undefined) throw new Error(JSON.stringify(result));
    record(times, first);
  }
  await child.kill();
  return times;
}

async function roundTrips(): Promise<RecordableHistogram> {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  const times = createHistogram();
  for (let n = 0; n < INVOCATIONS; n += 1) {
    const begun = performance.now();
    socket.write('x');
    await once(socket, 'data');
    record(times, performance.now() - begun);
  }
  socket.destroy();
  server.close();
  return times;
}

function record(times: RecordableHistogram, ms: number): void {
  times.record(Math.max(1, Math.round(ms * 1000)));
}

const table = new Table({ head: ['', 'median, ms', 'worst, ms'] });
const rows = {
  'a round trip on loopback': await roundTrips(),
  'first byte, 2 threads': await firstBytes(ours(entry, version)),
  'first byte, single mode': await firstBytes(singleMode(entry, version)),
};
for (const [name, times] of Object.entries(rows))
  table.push([name, (times.percentile(50) / 1000).toFixed(2), (times.max / 1000).toFixed(2)]);
console.log(table.toString());
