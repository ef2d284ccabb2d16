import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startChild } from '../runner/child.ts';

export interface BareWorkOrder {
  readonly iterations: number;
  readonly seconds: number;
}

export interface BareWorkResult {
  /** The CPU time of one unit of work. */
  readonly cpuMsEach: number;
}

/** Measures how many iterations of the benchmark's work take 1 ms of CPU time with all cores busy. */
export async function calibrate(seconds: number): Promise<number> {
  const iterations = 10_000;
  return iterations / (await bareWork({ iterations, seconds }));
}

/** Measures the CPU time of a number of iterations in ms: the mean over one process per core. */
export async function bareWork(order: BareWorkOrder): Promise<number> {
  const times = await Promise.all(Array.from({ length: availableParallelism() }, () => crunchOnce(order)));
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

async function crunchOnce(order: BareWorkOrder): Promise<number> {
  const child = startChild('the calibration', [process.execPath, ENTRY], { cpus: undefined, ipc: true });
  try {
    await Promise.race([once(child.process, 'message'), child.died]);
    child.process.send(order);
    const [result] = (await Promise.race([once(child.process, 'message'), child.died])) as [BareWorkResult];
    return result.cpuMsEach;
  } finally {
    await child.kill();
  }
}

const ENTRY = fileURLToPath(new URL('crunch-process.ts', import.meta.url));
