import { Promise, sleep } from '../builtins.ts';
import type { Log } from '../logging/log.ts';
import { threadCpuMs } from '../observability/thread-metrics.ts';
import type { PoolThread } from './pool-thread.ts';

/**
 * Watches a thread that is to end: terminates it if its event loop is blocked, if it has not ended after the limit, or if
 * its memory is needed. Until it is `ending` only the first counts. Does nothing if the thread is watched already.
 *
 * @param isInTheWay whether another thread cannot start since this one takes the memory.
 */
export async function watchUntilEnd(thread: PoolThread, isInTheWay: () => boolean, log: Log): Promise<void> {
  if (watched.has(thread)) return;
  watched.add(thread);
  const terminate = (reason: keyof typeof TERMINATED) => {
    if (thread.state === 'ended' || thread.end === undefined) return;
    log.warn({ thread: thread.id, reason }, TERMINATED[reason]);
    thread.terminate(thread.end);
  };
  let endingForMs = 0;
  while (thread.state === 'retiring' || thread.state === 'ending') {
    if (!thread.isShuttingDown) {
      if (await isBlocked(thread)) return terminate('blocked');
      if (endingForMs > 0 && isInTheWay()) return terminate('memory');
      if (endingForMs > LIMIT_MS) return terminate('limit');
      if (thread.state === 'ending') endingForMs += LOOK_AGAIN_MS;
    }
    await sleep(LOOK_AGAIN_MS, undefined, { ref: false });
  }
}

const watched = new WeakSet<PoolThread>();

/**
 * A thread that has not turned for a second may wait for a core on a machine that has too few. It is blocked once it has used
 * a second of CPU time itself, or does not turn for long: it waits in a synchronous call then.
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
  // The answer may have arrived while this thread waited for a core.
  await sleep(0);
  await sleep(0);
  return !turned;
}

/** An event loop that does not turn for that long is blocked, and not just busy with a neighbour that computes. */
const BLOCKED_MS = 1_000;

const LOOK_AT_CPU_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const LOOK_AGAIN_MS = 1_000;

/** For native work that is in flight: hardly any single piece takes longer. */
const LIMIT_MS = 30_000;

const TERMINATED = {
  blocked: 'The event loop of a retired thread is blocked; the thread is terminated',
  limit: `A retired thread has not ended by itself within ${LIMIT_MS / 1000} seconds; it is terminated`,
  memory: 'A retired thread has not ended by itself, and its memory is needed; it is terminated',
};
