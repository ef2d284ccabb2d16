import { readFileSync, readdirSync } from 'node:fs';

/**
 * How long the threads of this process that invocations need, all together, were ready to run and had no core, in ms since they started. 0 where
 * the system does not tell.
 *
 * @see https://docs.kernel.org/scheduler/sched-stats.html
 */
export function coreDelayMs(): number {
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
