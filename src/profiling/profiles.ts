import type { Readable } from 'node:stream';
import type { CpuProfile } from '../pool/cpu-profile.ts';
import type { HeapProfile } from '../pool/heap-profile.ts';

/** Options of `profileCpu` and `heapProfile`. */
export interface ProfileOptions {
  /** How long to profile, in seconds: more than 0, at most 60. */
  readonly seconds: number;
  /** The threads to profile, by their numbers in log lines; 0 is the main thread. Default: all threads. */
  readonly threads?: readonly number[] | undefined;
}

/** The profiles of several threads. */
export interface Profiles<Profile> {
  /** One for each profiled thread, the main thread first. */
  readonly profiles: readonly ThreadProfile<Profile>[];
  /** The threads of which there is no profile. */
  readonly missing: readonly MissingProfile[];
}

/** The profile of one thread. */
export interface ThreadProfile<Profile> {
  /** The thread's number in log lines; 0 is the main thread. */
  readonly thread: number;
  /** `main`, or `thread-3` for the thread 3. */
  readonly name: string;
  /** The content of a `.cpuprofile` or `.heapprofile` file, as an object. */
  readonly profile: Profile;
}

/** A thread without a profile. */
export interface MissingProfile {
  /** The thread's number in log lines; 0 is the main thread. */
  readonly thread: number;
  /** `main`, or `thread-3` for the thread 3. */
  readonly name: string;
  /** Why there is no profile, as a sentence. */
  readonly reason: string;
}

/**
 * A CPU profile as Chrome's and Node's tools read it, with fields that tell which invocation each sample belongs to. Those tools
 * ignore these fields. Times are in µs, on a clock that is the same for all threads of a process.
 */
export interface ThreadCpuProfile extends CpuProfile {
  /** The name of the thread. */
  readonly title: string;
  /** The invocations that were on the thread while it was profiled. */
  readonly invocations: readonly ProfileInvocation[];
  /**
   * For each sample the index of its invocation in `invocations`; -1 if none was on the thread, or several at once, which cannot
   * be told apart.
   */
  readonly sampleInvocations: readonly number[];
}

/** An invocation that was on a thread while it was profiled. */
export interface ProfileInvocation {
  /** The invocation's request id. */
  readonly requestId: string;
  /** When the thread received it, or the start of the profile if that was later, in µs. */
  readonly startTime: number;
  /** When it left the thread, or the end of the profile if that was earlier, in µs. */
  readonly endTime: number;
}

/** An object that takes profiles: a `ManagedRuntime`. */
export interface ProfileSource {
  profileCpu(options: ProfileOptions): Promise<CpuProfiles>;
  heapSnapshot(thread: number): Promise<Readable>;
}

/** What `profileCpu` resolves with. */
export type CpuProfiles = Profiles<ThreadCpuProfile>;

/** What `heapProfile` resolves with. */
export type HeapProfiles = Profiles<HeapProfile>;
