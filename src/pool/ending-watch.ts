import { Promise, sleep } from '../builtins.ts';
import type { Log } from '../logging/log.ts';
import { threadCpuMs } from '../observability/thread-metrics.ts';
import type { PoolThread } from './pool-thread.ts';

/**
 * Watches a retired thread until it ends. Terminates it if its event loop is blocked, if it does not end within the time
 * limit, or if its memory is needed. While the thread is `retiring`, only a blocked event loop terminates it. Does nothing
 * if the thread is already watched, or still ready: during shutdown, a thread that misses a deadline is not retired.
 *
 * @param isMemoryNeeded whether another thread cannot start because the retired thread occupies the memory.
 */
export async function watchUntilEnd(
  thread: PoolThread,
  isMemoryNeeded: () => boolean,
  log: Log,
): Promise<void> {
  if (watched.has(thread) || thread.state === 'ready') return;
  watched.add(thread);
  const terminate = (reason: keyof typeof TERMINATED) => {
    if (thread.state === 'ended' || thread.endReason === undefined) return;
    log.warn({ thread: thread.id, reason }, TERMINATED[reason]);
    thread.terminate(thread.endReason);
  };
  let endingForMs = 0;
  while (thread.state === 'retiring' || thread.state === 'ending') {
    if (!thread.isRunningHooks) {
      if (await isBlocked(thread)) return terminate('blocked');
      if (endingForMs > 0 && isMemoryNeeded()) return terminate('memory');
      if (endingForMs > LIMIT_MS) return terminate('limit');
      if (thread.state === 'ending') endingForMs += LOOK_AGAIN_MS;
    }
    await sleep(LOOK_AGAIN_MS, undefined, { ref: false });
  }
}

const watched = new WeakSet<PoolThread>();

/**
 * An event loop that has not turned for a second may only be waiting for a core on an overloaded machine. The thread counts
 * as blocked once it has used a second of CPU time itself. A thread that uses no CPU time but does not respond for longer
 * is waiting in a synchronous call.
 */
async function isBlocked(thread: PoolThread): Promise<boolean> {
  let turned = false;
  const pong = thread.eventLoop.turned().then(() => (turned = true));
  const usedBefore = threadCpuMs(thread.osThread);
  for (let waitedMs = 0; waitedMs < LONGEST_WAIT_MS; waitedMs += LOOK_AT_CPU_MS) {
    await Promise.race([pong, sleep(LOOK_AT_CPU_MS, undefined, { ref: false })]);
    if (turned) return false;
    const used = threadCpuMs(thread.osThread);
    const spentMs = used === undefined || usedBefore === undefined ? waitedMs : used - usedBefore;
    if (spentMs >= BLOCKED_MS) break;
  }
  // The pong may have arrived while the main thread itself waited for a core.
  await sleep(0);
  await sleep(0);
  return !turned;
}

/** Long enough to distinguish a blocked event loop from an event loop that is busy with another invocation. */
const BLOCKED_MS = 1_000;

const LOOK_AT_CPU_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;

/** Lets native work in flight finish; single operations rarely take longer. */
const LIMIT_MS = 30_000;

const TERMINATED = {
  blocked: 'The event loop of a retired thread is blocked; the thread is terminated',
  limit: `A retired thread has not ended by itself within ${LIMIT_MS / 1000} seconds; it is terminated`,
  memory: 'A retired thread has not ended by itself, and its memory is needed; it is terminated',
};
