import { readFileSync, readdirSync } from 'node:fs';
import { createRuntime } from '../../managed-runtime.ts';
import type { ProcessMetrics, FromRuntime, RuntimeSettings } from './runtime-process.ts';

/** The entry point of the process that `bench` measures. It contains only the runtime. */

const { workerFile, ...options } = JSON.parse(process.argv[2] ?? '') as RuntimeSettings;
// The parent process has ended.
process.on('disconnect', () => process.exit());
try {
  const runtime = createRuntime({ kind: 'file', workerFile }, { ...options, logInvocations: false });
  process.on('message', () => {
    const { slots, threads } = runtime.stats();
    const { user, system } = process.cpuUsage();
    const metrics: ProcessMetrics = {
      type: 'metrics',
      atMs: performance.now(),
      cpuMs: (user + system) / 1000,
      coreDelayMs: coreDelayMs(),
      peakMemoryMiB: peakMemoryMiB(process.pid),
      startingThreads: threads.starting,
      usableSlots: slots.polling + slots.busy,
    };
    process.send?.(metrics);
  });
  await runtime.run();
  process.exit();
} catch (error) {
  process.send?.({ type: 'failed', message: (error as Error).message } satisfies FromRuntime, () =>
    process.exit(1),
  );
}

/**
 * Returns the total time that this process's threads were runnable but had no core, in ms since they started, without
 * V8's helper threads. Returns 0 where the system does not report it.
 *
 * @see https://docs.kernel.org/scheduler/sched-stats.html
 */
function coreDelayMs(): number {
  let ns = 0;
  for (const thread of threads()) {
    if (HELPERS.test(readIfExists(`${TASKS}/${thread}/comm`) ?? '')) continue;
    ns += Number(readIfExists(`${TASKS}/${thread}/schedstat`)?.split(' ')[1] ?? 0);
  }
  return ns / 1e6;
}

/** V8's compiler and garbage collector threads, which do not delay invocations. */
const HELPERS = /^(V8Worker|DelayedTaskSche|SignalInspector)/;
const TASKS = '/proc/self/task';

function threads(): string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}

/** A thread may end between the listing and the read. */
function readIfExists(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Returns the peak resident memory of a process, in MiB. Without /proc, returns that of this process. */
export function peakMemoryMiB(pid: number): number {
  // On Linux, resourceUsage() starts at the parent's value at the time of the fork.
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}
