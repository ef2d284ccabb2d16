import { readFileSync, readdirSync } from 'node:fs';
import { createRuntime } from '../../managed-runtime.ts';
import type { ProcessMetrics, FromRuntime, RuntimeSettings } from './runtime-process.ts';

/** The process that `bench` measures: a runtime and nothing else. */

const { workerFile, ...options } = JSON.parse(process.argv[2] ?? '') as RuntimeSettings;
// bench is gone, however it ended.
process.on('disconnect', () => process.exit());
try {
  const runtime = createRuntime({ kind: 'file', workerFile }, { ...options, logInvocations: false });
  process.on('message', () => {
    const { slots, threads } = runtime.stats();
    const { user, system } = process.cpuUsage();
    const figures: ProcessMetrics = {
      type: 'figures',
      atMs: performance.now(),
      cpuMs: (user + system) / 1000,
      coreDelayMs: coreDelayMs(),
      peakMemoryMiB: peakMemoryMiB(process.pid),
      startingThreads: threads.starting,
      usableSlots: slots.polling + slots.busy,
    };
    process.send?.(figures);
  });
  await runtime.run();
  process.exit();
} catch (error) {
  process.send?.({ type: 'failed', message: (error as Error).message } satisfies FromRuntime, () =>
    process.exit(1),
  );
}

/**
 * How long the threads of this process that invocations need, all together, were ready to run and had no core, in ms since they started. 0 where
 * the system does not tell.
 *
 * @see https://docs.kernel.org/scheduler/sched-stats.html
 */
function coreDelayMs(): number {
  let ns = 0;
  for (const thread of threads()) {
    if (HELPERS.test(readIfThere(`${TASKS}/${thread}/comm`) ?? '')) continue;
    ns += Number(readIfThere(`${TASKS}/${thread}/schedstat`)?.split(' ')[1] ?? 0);
  }
  return ns / 1e6;
}

/** V8's compilers and collectors: nobody waits for them. */
const HELPERS = /^(V8Worker|DelayedTaskSche|SignalInspector)/;
const TASKS = '/proc/self/task';

function threads(): string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}

/** Threads come and go between the listing and the reading. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The most resident memory that a process has had, in MiB. Where there is no /proc, only that of this process. */
export function peakMemoryMiB(pid: number): number {
  // Not resourceUsage() there: it starts at what the parent had when it forked.
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}
