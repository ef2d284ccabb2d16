import type { Readable } from 'node:stream';
import type { Session } from 'node:inspector/promises';
import { getHeapSnapshot } from 'node:v8';
import { stringify } from '../builtins.ts';
import type { CpuProfiling } from './cpu-profile.ts';
import type { HeapProfiling } from './heap-profile.ts';

/** A thread whose CPU time and heap can be examined while it runs. */
export interface ProfiledThread {
  /** 0 is the main thread. */
  readonly id: number;
  /** The invocations that the thread holds. */
  readonly invocations: Iterable<ProfiledInvocation>;
  /** Notified of invocations and of the thread's end; add and remove your own. */
  readonly watchers: Set<ThreadWatcher>;
  readonly profiler: ThreadProfiler;
}

/** Takes profiles of one thread, even while the thread blocks its event loop. */
export interface ThreadProfiler {
  /** Undefined if the thread has ended, or if this Node.js cannot profile worker threads. The main thread may reject. */
  startCpuProfile(): Promise<CpuProfiling | undefined>;
  /** As {@link startCpuProfile}, for a profile of allocations. */
  startHeapProfile(): Promise<HeapProfiling | undefined>;
  /** Undefined if the thread has ended. The thread stops meanwhile. */
  heapSnapshot(): Promise<Readable | undefined>;
}

/** Notified of what happens to a thread. */
export interface ThreadWatcher {
  /** The thread receives an invocation. */
  onRun?(invocation: ProfiledInvocation): void;
  /** The thread is about to end, or has ended. */
  onLeave?(): void;
}

/** An invocation on a thread that is profiled. */
export interface ProfiledInvocation {
  readonly requestId: string;
  /** Resolves when the invocation has left the thread. */
  readonly settled: Promise<void>;
}

/** The main thread, which is profiled through a session of Node's inspector. The session opens no port. */
export class ProfiledMainThread implements ProfiledThread, ThreadProfiler {
  readonly id = 0;
  readonly watchers = new Set<ThreadWatcher>();
  readonly #invocations: () => Iterable<ProfiledInvocation>;

  /** @param invocations the invocations that run on the main thread; none if there are worker threads. */
  constructor(invocations: () => Iterable<ProfiledInvocation> = () => []) {
    this.#invocations = invocations;
  }

  get profiler(): ThreadProfiler {
    return this;
  }

  get invocations(): Iterable<ProfiledInvocation> {
    return this.#invocations();
  }

  async startCpuProfile(): Promise<CpuProfiling> {
    const session = await openSession();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    return { stop: () => take(session, () => session.post('Profiler.stop')) };
  }

  async startHeapProfile(): Promise<HeapProfiling> {
    const session = await openSession();
    await session.post('HeapProfiler.startSampling');
    return { stop: () => take(session, () => session.post('HeapProfiler.stopSampling')) };
  }

  async heapSnapshot(): Promise<Readable> {
    return getHeapSnapshot();
  }
}

/** Loads the inspector on demand. Rejects where it is not available, for example with Node's permission model. */
async function openSession(): Promise<Session> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  return session;
}

async function take(session: Session, stop: () => Promise<{ profile: object }>): Promise<string> {
  try {
    return stringify((await stop()).profile);
  } finally {
    session.disconnect();
  }
}
