/** Heap profiles and heap snapshots of worker threads, taken from the main thread, even if the thread blocks its event loop. */
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { Promise } from '../builtins.ts';
import { unlessEnded } from './cpu-profile.ts';
import type { CallFrame } from './cpu-profile.ts';

/** A worker of a Node.js that may lack the method. */
type ProfiledWorker = Omit<Worker, 'startHeapProfile'> & Partial<Pick<Worker, 'startHeapProfile'>>;

/** Whether this Node.js can profile the heap of a worker thread from the main thread. */
export function canProfileHeaps(): boolean {
  return typeof (Worker.prototype as ProfiledWorker).startHeapProfile === 'function';
}

/** A heap profile that is being taken. */
export interface HeapProfiling {
  /** Ends the profile. Resolves with the JSON text of a `.heapprofile` file, or undefined if the thread has ended. */
  stop(): Promise<string | undefined>;
}

/** Starts to sample the allocations of a thread. Resolves with undefined if the thread has ended, or if Node.js cannot. */
export async function startHeapProfile(worker: Worker): Promise<HeapProfiling | undefined> {
  const handle = await unlessEnded(() => (worker as ProfiledWorker).startHeapProfile?.());
  return handle === undefined ? undefined : { stop: () => unlessEnded(() => handle.stop()) };
}

/**
 * Takes a heap snapshot, for which the thread stops. Resolves with undefined if the thread ends before it is complete. A
 * thread that is in a single call of native code takes it when the call returns.
 *
 * @param exited resolves when the thread has exited, because Node.js leaves the request of such a thread open.
 */
export async function takeHeapSnapshot(worker: Worker, exited: Promise<void>): Promise<Readable | undefined> {
  return Promise.race([unlessEnded(() => worker.getHeapSnapshot()), exited.then(() => undefined)]);
}

/** The content of a `.heapprofile` file: sampled allocations whose objects still existed when the profile ended. */
export interface HeapProfile {
  /** The root of the tree of calls. */
  readonly head: HeapProfileNode;
  /** The allocations. */
  readonly samples: readonly HeapProfileSample[];
}

/** Allocations of one function, of one size. */
export interface HeapProfileSample {
  /** In bytes. */
  readonly size: number;
  /** The `id` of the node whose function allocated. */
  readonly nodeId: number;
  /** The order of the allocations. */
  readonly ordinal: number;
}

/** One function that allocated, called by one sequence of callers. */
export interface HeapProfileNode {
  /** The number by which samples refer to the node. */
  readonly id: number;
  /** The function. */
  readonly callFrame: CallFrame;
  /** The bytes that the function itself allocated, estimated from the samples. */
  readonly selfSize: number;
  /** The functions that it called. */
  readonly children: readonly HeapProfileNode[];
}
