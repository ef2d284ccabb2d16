import { monotonicMs } from '../invocation/time.ts';
import type { CpuProfile } from '../pool/cpu-profile.ts';
import type { ProfiledInvocation, ProfiledThread } from '../pool/profiled-thread.ts';
import type { ProfileInvocation, ThreadCpuProfile } from './profiles.ts';

/** Records which invocations are on a thread while it is profiled. */
export class InvocationTimeline {
  readonly #spans: { readonly requestId: string; readonly startMs: number; endMs: number }[] = [];
  readonly #stop: () => void;

  constructor({ invocations, watchers }: ProfiledThread) {
    const watcher = { onRun: (invocation: ProfiledInvocation) => this.#add(invocation) };
    for (const invocation of invocations) this.#add(invocation);
    watchers.add(watcher);
    this.#stop = () => watchers.delete(watcher);
  }

  stop(): void {
    this.#stop();
  }

  /** The profile with the invocations on the thread. `stoppedMs` is the monotonic time at which the profile was received. */
  annotate(profile: CpuProfile, title: string, stoppedMs: number): ThreadCpuProfile {
    const endTime = unwrap(profile.endTime, stoppedMs * US_PER_MS);
    const startTime = endTime - modulo(profile.endTime - profile.startTime, WRAP_US);
    const invocations = this.#during(startTime, endTime);
    const sampleInvocations = invocationsOf({ ...profile, startTime }, invocations);
    return { ...profile, startTime, endTime, title, invocations, sampleInvocations };
  }

  #add({ requestId, settled }: ProfiledInvocation): void {
    const span = { requestId, startMs: monotonicMs(), endMs: Infinity };
    this.#spans.push(span);
    void settled.then(() => (span.endMs = monotonicMs()));
  }

  #during(startTime: number, endTime: number): ProfileInvocation[] {
    return this.#spans
      .map(({ requestId, startMs, endMs }) => ({
        requestId,
        startTime: Math.max(startTime, Math.round(startMs * US_PER_MS)),
        endTime: Math.min(endTime, Math.round(endMs * US_PER_MS)),
      }))
      .filter((span) => span.startTime < span.endTime);
  }
}

const US_PER_MS = 1_000;

/** Node.js cuts the times of a worker's profile to 32 bits. */
const WRAP_US = 2 ** 32;

/** The full time of a time that may be cut to 32 bits. The clock of profiles is the one of `process.hrtime`. */
function unwrap(us: number, nearUs: number): number {
  const full = us + Math.round((nearUs - us) / WRAP_US) * WRAP_US;
  // Where the clocks differ, the time at which the profile was received is the best estimate.
  return Math.abs(full - nearUs) < TOLERANCE_US ? full : Math.round(nearUs);
}

const TOLERANCE_US = 60e6;

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** For each sample the index of the only invocation at its time, or -1. */
function invocationsOf(
  { samples, timeDeltas, startTime }: CpuProfile,
  invocations: readonly ProfileInvocation[],
): number[] {
  const changes = invocations
    .flatMap((span, index) => [
      { time: span.startTime, index, begins: true },
      { time: span.endTime, index, begins: false },
    ])
    .sort((one, other) => one.time - other.time);
  const present = new Set<number>();
  let time = startTime;
  let next = 0;
  return samples.map((_, sample) => {
    time += timeDeltas[sample] ?? 0;
    for (let change = changes[next]; change !== undefined && change.time <= time; change = changes[++next]) {
      if (change.begins) present.add(change.index);
      else present.delete(change.index);
    }
    const [only = -1] = present;
    return present.size === 1 ? only : -1;
  });
}
