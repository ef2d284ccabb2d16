/** CPU profiles of worker threads, taken from the main thread. A thread that blocks its event loop can be profiled as well. */
import type { CPUProfileHandle } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { sleep, stringify } from '../builtins.ts';

/** A worker of a Node.js that may lack the method. */
type ProfiledWorker = Omit<Worker, 'startCpuProfile'> & Partial<Pick<Worker, 'startCpuProfile'>>;

/** Whether this Node.js can profile a worker thread from the main thread: since 22.20 and 24.8. */
export function canProfileThreads(): boolean {
  return typeof (Worker.prototype as ProfiledWorker).startCpuProfile === 'function';
}

/** A profile that is being taken. Several profiles of one thread can be taken at the same time. */
export interface CpuProfiling {
  /** Ends the profile. Resolves with the JSON text of a `.cpuprofile` file, or undefined if the thread has ended. */
  stop(): Promise<string | undefined>;
}

/**
 * Starts to profile a thread. Resolves with undefined if the thread has ended or if this Node.js cannot profile threads.
 *
 * The start costs the thread some 40 ms, because V8 lists all compiled functions. A thread that is in a single call of native
 * code starts when the call returns, unless the native code lets V8 interrupt it, as regular expressions and `Atomics.wait` do.
 * The caller must always call `stop()`, even if `startCpuProfile` resolves later than the caller wanted.
 */
export async function startCpuProfile(worker: Worker): Promise<CpuProfiling | undefined> {
  const handle = await unlessEnded(() => startProfile(worker as ProfiledWorker));
  return handle === undefined
    ? undefined
    : { stop: () => unlessEnded(async () => escaped(await handle.stop())) };
}

/** V8 names the code of a regular expression by its source, and does not escape the source in the JSON text. */
function escaped(json: string): string {
  return json.replaceAll(/(?<="functionName":)"(RegExp: .*?)"(?=,"lineNumber":)/gs, (_, name: string) =>
    stringify(name),
  );
}

/** Node.js 22 requires a name, Node.js 26 refuses one. */
async function startProfile(worker: ProfiledWorker): Promise<CPUProfileHandle | undefined> {
  try {
    return await worker.startCpuProfile?.();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_TYPE') throw error;
    const startNamed = worker.startCpuProfile as unknown as (name: string) => Promise<CPUProfileHandle>;
    names += 1;
    return startNamed.call(worker, `profile-${names}`);
  }
}

/** Profiles of one thread that overlap need different names. */
let names = 0;

/** Profiles a thread for `ms` from the start of the profile. Resolves as {@link startCpuProfile} and `stop()` do. */
export async function takeCpuProfile(
  thread: { startCpuProfile(): Promise<CpuProfiling | undefined> },
  ms: number,
): Promise<string | undefined> {
  const profiling = await thread.startCpuProfile();
  if (profiling === undefined) return undefined;
  await sleep(ms, undefined, { ref: false });
  return profiling.stop();
}

/** Node.js rejects with `ERR_WORKER_NOT_RUNNING` if the thread has ended. */
export async function unlessEnded<Value>(
  action: () => Promise<Value> | undefined,
): Promise<Value | undefined> {
  try {
    return await action();
  } catch {
    return undefined;
  }
}

/** The content of a `.cpuprofile` file. Times are in µs, lines and columns of call frames count from 0. */
export interface CpuProfile {
  /** The tree of calls, as a list. The first node is the root. */
  readonly nodes: readonly CpuProfileNode[];
  /** When the profile began, by a clock that no other value refers to. */
  readonly startTime: number;
  /** When the profile ended, by the same clock. */
  readonly endTime: number;
  /** The node of each sample. */
  readonly samples: readonly number[];
  /** The time between a sample and the one before it. */
  readonly timeDeltas: readonly number[];
}

/** One function, called by one sequence of callers. */
export interface CpuProfileNode {
  /** The number by which `samples` and `children` refer to the node. */
  readonly id: number;
  /** The function. */
  readonly callFrame: CallFrame;
  /** The number of samples in which the function was the innermost one. */
  readonly hitCount: number;
  /** The ids of the functions that it called. */
  readonly children?: readonly number[];
  /** The samples in which the function was the innermost one, by line. These lines count from 1. */
  readonly positionTicks?: readonly PositionTicks[];
}

/** The samples of one line. */
export interface PositionTicks {
  /** The line, from 1. */
  readonly line: number;
  /** The number of samples. */
  readonly ticks: number;
}

/** A function and the position at which it begins. */
export interface CallFrame {
  /** Empty for an anonymous function. `(root)`, `(program)`, `(idle)` and `(garbage collector)` are V8's own. */
  readonly functionName: string;
  /** A `file:` URL, the path of a CommonJS module, or `node:…`; empty for native functions. */
  readonly url: string;
  /** The line, from 0. */
  readonly lineNumber: number;
  /** The column, from 0. */
  readonly columnNumber: number;
}
