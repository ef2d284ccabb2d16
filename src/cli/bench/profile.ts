import { startRuntimeApiServer } from '../../local/runtime-api-server.ts';
import { callTree, functionTimes, placeOf } from '../../profiling/call-tree.ts';
import type { CallTreeNode, FunctionTimes, SampledProfile } from '../../profiling/call-tree.ts';
import { ClosedLoop } from './load.ts';
import { invokeInTurn } from './measured-size.ts';
import type { Method } from './measured-size.ts';
import { describeSetup, percent, shortNumber } from './measurement.ts';
import type { Setup } from './measurement.ts';
import { RuntimeProcess } from './runtime-process.ts';

/** Where the CPU time of one size went. */
export interface BenchProfile {
  readonly setup: Setup;
  readonly seconds: number;
  /** The time of all threads in which they were not idle, in ms. */
  readonly busyMs: number;
  /** The ten functions with the most self time. */
  readonly functions: readonly FunctionTimes[];
  /** The call paths, without those of less than a thousandth of the time. */
  readonly tree: CallTreeNode;
  /** The threads without a profile, with the reason. */
  readonly missing: readonly string[];
}

/** Runs a size once more, with all slots busy, and profiles it. It is not measured, because a profile costs CPU time. */
export async function profileSetup(setup: Setup, method: Method): Promise<BenchProfile> {
  const { events, timeoutMs } = method;
  const seconds = Math.min(MAX_SECONDS, Math.max(1, method.seconds));
  const api = await startRuntimeApiServer({ timeoutMs, deliveryHistory: 0 });
  try {
    const runtime = new RuntimeProcess(method, setup, api);
    const send = (event: string | Uint8Array) => api.invoke(event, { whenCapacity: true, keepStream: false });
    try {
      const slots = await runtime.ready();
      // V8 can tell inlined functions from their callers only in code that it compiles during a profile.
      const profiling = runtime.profile(WARM_UP_SECONDS + seconds);
      profiling.catch(() => undefined);
      await runtime.metrics();
      const loop = new ClosedLoop(invokeInTurn(events, send), slots);
      const { profiles, missing } = await profiling;
      void loop.stop();
      const tree = callTree(profiles.map(({ profile }) => endOf(profile, seconds * 1_000)));
      return {
        setup: { slots: setup.slots, threads: setup.threads },
        seconds,
        busyMs: tree.totalMs,
        functions: functionTimes(tree).slice(0, SHOWN_FUNCTIONS),
        tree: pruned(tree, tree.totalMs / 1_000),
        missing: missing.map(({ name, reason }) => `${name}: ${reason}`),
      };
    } finally {
      await runtime[Symbol.asyncDispose]();
    }
  } finally {
    await api.close();
  }
}

/** The last `ms` of a profile. */
function endOf(profile: SampledProfile, ms: number): SampledProfile {
  const fromUs = profile.endTime - ms * 1_000;
  let atUs = profile.startTime;
  const first = profile.timeDeltas.findIndex((deltaUs) => (atUs += deltaUs) >= fromUs);
  if (first === -1) return profile;
  const samples = profile.samples.slice(first);
  return { ...profile, samples, timeDeltas: [0, ...profile.timeDeltas.slice(first + 1)], startTime: atUs };
}

const SHOWN_FUNCTIONS = 10;
const WARM_UP_SECONDS = 3;
const MAX_SECONDS = 57;

function pruned(node: CallTreeNode, leastMs: number): CallTreeNode {
  const children = node.children.filter(({ totalMs }) => totalMs >= leastMs);
  return { ...node, children: children.map((child) => pruned(child, leastMs)) };
}

/** One row for each of the ten functions. */
export function functionColumns({ functions, busyMs }: BenchProfile) {
  const part = (ms: number): string => percent(busyMs === 0 ? 0 : ms / busyMs);
  return {
    head: ['function', 'self ms', 'self', 'total', 'file and line'],
    rows: functions.map((each) => [
      each.name,
      shortNumber(each.selfMs),
      part(each.selfMs),
      part(each.totalMs),
      placeOf(each),
    ]),
  };
}

/** Says what was profiled. */
export function profileLegend({ setup, seconds, busyMs, missing }: BenchProfile): string {
  const absent = missing.map((each) => ` No profile of ${each}`).join('');
  return (
    `Where the CPU time went, with ${describeSetup(setup)}: ${shortNumber(busyMs)} ms of all threads in ` +
    `${shortNumber(seconds)} s, in a run of its own. (program) is native code, self is the time in the function itself.${absent}`
  );
}
