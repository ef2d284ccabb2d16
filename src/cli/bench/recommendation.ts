import { characterOf } from './character.ts';
import type { Character } from './character.ts';
import { kneeOf, tolerance } from './knee.ts';
import type { Knee } from './knee.ts';
import { MOST_VCPUS } from './lambda-limits.ts';
import { environmentSize } from './lambda-memory.ts';
import type { EnvironmentSize } from './lambda-memory.ts';
import type { Measurement } from './measurement.ts';
import { isShared } from './setup.ts';

/** What to set, for an environment with `environment.vCpus` vCPUs. */
interface Advice {
  readonly perExecutionEnvironmentMaxConcurrency: number;
  readonly threads: number;
  readonly invocationsPerThread: number;
  readonly environment: EnvironmentSize;
}

/** What the measurements come to. */
export interface Recommendation {
  readonly character: Character;
  readonly knee: Knee;
  readonly advice: Advice;
}

/** Decides, from at least one measurement. */
export function recommend(measured: readonly Measurement[], cores: number): Recommendation {
  const character = characterOf(measured, cores);
  const knee = character.waits ? kneeOfWaiting(measured, cores) : kneeOf(measured, cores);
  return { character, knee, advice: advise(measured, character.waits, knee.at, cores) };
}

/** Threads that only wait are waste: shared ones are taken, unless they do worse. */
function kneeOfWaiting(measured: readonly Measurement[], cores: number): Knee {
  const own = measured.filter((each) => !isShared(each));
  const shared = measured.filter(isShared);
  if (shared.length === 0) return kneeOf(own, cores);
  const [ofOwn, ofShared] = [kneeOf(own, cores), kneeOf(shared, cores)];
  const least = ofOwn.best.perSecond * (1 - tolerance(ofOwn.best, ofShared.best));
  return ofShared.best.perSecond >= least ? ofShared : ofOwn;
}

function advise(measured: readonly Measurement[], waits: boolean, at: Measurement, cores: number): Advice {
  // An environment that cannot have as many vCPUs as this machine gets its part of the rest, too.
  const part = Math.min(1, MOST_VCPUS / cores);
  const slots = Math.max(1, Math.round(at.slots * part));
  const vCpus = Math.round((waits ? cores : Math.min(cores, at.slots)) * part);
  // Where it was not measured, sharing is what to try.
  const threads = waits && !measured.some(isShared) ? Math.min(slots, vCpus) : Math.round(at.threads * part);
  return {
    perExecutionEnvironmentMaxConcurrency: slots,
    threads: Math.max(1, threads),
    invocationsPerThread: Math.ceil(slots / Math.max(1, threads)),
    environment: environmentSize(at.peakMemoryMiB, Math.max(1, vCpus)),
  };
}
