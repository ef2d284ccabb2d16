import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { canProfileThreads } from '../../src/pool/cpu-profile.ts';
import type { CpuProfiling } from '../../src/pool/cpu-profile.ts';
import type { ProfiledThread, ThreadProfiler } from '../../src/pool/profiled-thread.ts';
import { profileCpu, profileHeaps, takeSnapshot } from '../../src/profiling/profiler.ts';

const RUNS_ON = new AbortController().signal;
const PROFILE = { nodes: [], startTime: 0, endTime: 0, samples: [], timeDeltas: [] };

/** A thread whose profiler does what the test says. */
function thread(id: number, profiler: Partial<ThreadProfiler>): ProfiledThread {
  return { id, invocations: [], watchers: new Set(), profiler: profiler as ThreadProfiler };
}

const start = async (): Promise<CpuProfiling> => ({ stop: async () => JSON.stringify(PROFILE) });
const HEALTHY = { startCpuProfile: start };

describe.runIf(canProfileThreads())('CPU profiles', { concurrent: true }, () => {
  it('a thread without a profile does not prevent the profiles of others', async () => {
    const threads = [
      thread(0, HEALTHY),
      thread(1, { startCpuProfile: async () => undefined }),
      thread(2, { startCpuProfile: async () => ({ stop: async () => undefined }) }),
      thread(3, { startCpuProfile: () => Promise.reject(new Error('no permission')) }),
      thread(4, HEALTHY),
    ];
    const { profiles, missing } = await profileCpu(threads, { seconds: 0.01 }, RUNS_ON);
    expect(profiles.map(({ name }) => name)).toEqual(['main', 'thread-4']);
    const ENDED = 'The thread ended while it was profiled.';
    expect(missing).toEqual([
      { thread: 1, name: 'thread-1', reason: ENDED },
      { thread: 2, name: 'thread-2', reason: ENDED },
      { thread: 3, name: 'thread-3', reason: 'Node.js cannot profile it: no permission' },
    ]);
    expect(threads.map(({ watchers }) => watchers.size)).toEqual([0, 0, 0, 0, 0]);
  });

  it('a thread in native code is reported as missing, and its late profile is stopped', async () => {
    const { promise, resolve } = Promise.withResolvers<CpuProfiling>();
    const stopped = Promise.withResolvers<void>();
    const ended = new AbortController();
    const taken = profileCpu(
      [thread(0, HEALTHY), thread(1, { startCpuProfile: () => promise })],
      { seconds: 60 },
      ended.signal,
    );
    // Both of its waits are over when the runtime ends.
    ended.abort();
    const { profiles, missing } = await taken;
    expect(profiles.map(({ thread: id }) => id)).toEqual([0]);
    expect(missing).toEqual([
      {
        thread: 1,
        name: 'thread-1',
        reason: 'The thread did not respond, because it is in a single call of native code.',
      },
    ]);
    resolve({
      async stop() {
        stopped.resolve();
        return undefined;
      },
    });
    await stopped.promise;
  });

  it('the profile of a thread that is about to end is stopped before the time is over', async () => {
    const stopped = Promise.withResolvers<void>();
    const stop = async (): Promise<string> => {
      stopped.resolve();
      return JSON.stringify(PROFILE);
    };
    const leaving = thread(1, { startCpuProfile: async () => ({ stop }) });
    const ended = new AbortController();
    const taken = profileCpu([leaving], { seconds: 60 }, ended.signal);
    for (const watcher of leaving.watchers) watcher.onLeave?.();
    await stopped.promise;
    ended.abort();
    expect((await taken).profiles).toHaveLength(1);
  });
});

it('a Node.js that cannot profile worker threads still profiles the main thread', async () => {
  const threads = [thread(0, { ...HEALTHY, startHeapProfile: start }), thread(1, HEALTHY)];
  for (const [method, profile, able] of [
    ['startCpuProfile', profileCpu, '22.20 and 24.8 can'],
    ['startHeapProfile', profileHeaps, '24.9 can'],
  ] as const) {
    using _without = withoutMethod(method);
    await expect(profile(threads, { seconds: 0.01 }, RUNS_ON)).rejects.toMatchObject({
      code: 'PROFILING_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`cannot profile worker threads in this way.*${able}`)),
    });
    const { profiles } = await profile(threads, { seconds: 0.01, threads: [0] }, RUNS_ON);
    expect(profiles.map(({ name }) => name)).toEqual(['main']);
  }
});

it('a heap snapshot says whether its thread does not exist or has ended', async () => {
  const threads = [thread(1, { heapSnapshot: async () => undefined })];
  for (const [id, message] of [
    [1, 'The thread 1 has ended.'],
    [2, 'There is no thread 2.'],
  ] as const) {
    await expect(takeSnapshot(threads, id)).rejects.toMatchObject({ code: 'PROFILING_UNAVAILABLE', message });
  }
});

/** Removes a method of `Worker`, as in a version of Node.js without it. */
function withoutMethod(name: 'startCpuProfile' | 'startHeapProfile'): Disposable {
  const descriptor = Object.getOwnPropertyDescriptor(Worker.prototype, name);
  Reflect.deleteProperty(Worker.prototype, name);
  return {
    [Symbol.dispose]() {
      if (descriptor !== undefined) Object.defineProperty(Worker.prototype, name, descriptor);
    },
  };
}
