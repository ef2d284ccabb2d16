import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Collector } from './collector.ts';
import { FunctionProcess } from './function-process.ts';
import type { Case, ContenderName, Layout, Trial } from './group.ts';
import { install } from './installation.ts';
import { exporting, PRELOAD } from './trials/opentelemetry.ts';
import { Upstream } from './upstream.ts';

const EIGHT: Layout = { name: '8 threads × 1', threads: 8, concurrency: 8 };
const ROUNDS = 5;

/** What a start takes until the first and the last thread polls, and the memory then. */
interface Start {
  readonly firstPollMs: number;
  readonly allPollsMs: number;
  readonly residentMiB: number;
}

/** Measures starts with and without OpenTelemetry's preload, in turn, and returns a table of the medians. */
export async function measureStarts(contenders: readonly ContenderName[]): Promise<string> {
  const root = await install('opentelemetry');
  const starts = new Map<string, Start[]>();
  for (let round = 0; round < ROUNDS; round += 1)
    for (const contender of contenders)
      for (const preloaded of [false, true]) {
        const title = `${contender === 'ours' ? 'this runtime' : 'AWS’s client'}, ${preloaded ? 'with' : 'without'} the preload`;
        const start = await measure(contender, preloaded, root);
        starts.set(title, [...(starts.get(title) ?? []), start]);
      }
  const rows = [...starts].map(([title, all]) =>
    [
      title,
      median(all.map(({ firstPollMs }) => firstPollMs)),
      median(all.map(({ allPollsMs }) => allPollsMs)),
      median(all.map(({ residentMiB }) => residentMiB)),
    ].join(' | '),
  );
  return ['start | first poll ms | all threads ms | resident MiB', ...rows].join('\n');
}

async function measure(contender: ContenderName, preloaded: boolean, root: string): Promise<Start> {
  await using collector = await Collector.start();
  await using upstream = await Upstream.start();
  const services = { collector, upstream, root };
  const trial: Trial = {
    name: 'start',
    packages: [],
    shown: '',
    handlers: { CommonJS: 'traced.handler' },
    env: () => (preloaded ? { ...exporting(services), NODE_OPTIONS: PRELOAD } : {}),
    prove: () => Promise.resolve(),
  };
  const one: Case = { contender, layout: EIGHT.name, format: 'CommonJS' };
  const began = performance.now();
  await using running = await FunctionProcess.start(trial, one, EIGHT, services, false);
  await running.whenPolling(1);
  const firstPollMs = performance.now() - began;
  await running.ready();
  const allPollsMs = performance.now() - began;
  return { firstPollMs, allPollsMs, residentMiB: residentMiB(running.pid) };
}

function residentMiB(pid: number | undefined): number {
  const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

function median(numbers: readonly number[]): number {
  return Math.round(numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0);
}
