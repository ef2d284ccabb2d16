import { readFileSync, writeFileSync } from 'node:fs';
import { LAYOUTS } from './behaviour.ts';
import type { Behaviour, Layout } from './behaviour.ts';
import { BEHAVIOURS } from './behaviours/all.ts';
import { ours, theirs } from './contenders.ts';
import type { Contender } from './contenders.ts';
import { observe } from './observe.ts';
import type { Observation } from './observe.ts';
import type { Options } from './options.ts';
import { matching } from './together.ts';

/** A behaviour in one layout. */
export interface Trial {
  readonly behaviour: Behaviour;
  readonly layout: Layout;
}

/** What was observed of both contenders, by the trial's title. */
export type Observations = Record<string, Readonly<Record<Contender['name'], Observation>>>;

export function titleOf({ behaviour, layout }: Trial): string {
  return `${behaviour.name} (${layout.name})`;
}

export function chooseTrials({ only, layout: chosen }: Pick<Options, 'only' | 'layout'>): readonly Trial[] {
  return BEHAVIOURS.map((behaviour) => (only === undefined ? behaviour : matching(behaviour, only)))
    .filter((behaviour) => behaviour !== undefined)
    .flatMap((behaviour) =>
      LAYOUTS.filter(
        ({ name }) => (behaviour.layouts?.includes(name) ?? true) && (chosen?.includes(name) ?? true),
      ).map((layout) => ({ behaviour, layout })),
    );
}

/**
 * Runs the trials, or takes what another run has kept.
 *
 * Rejects with what to do when one of the contenders is not there.
 */
export async function observeAll(
  trials: readonly Trial[],
  { jobs, runtime, save, from }: Pick<Options, 'jobs' | 'runtime' | 'save' | 'from'>,
): Promise<Observations> {
  if (from !== undefined) return JSON.parse(readFileSync(from, 'utf8')) as Observations;
  const [a, b] = [ours(runtime), theirs()];
  process.stdout.write(`${a.title} beside ${b.title}: ${trials.length} trials\n\n`);
  const seen: Observations = {};
  await inParallel(jobs, trials, async (trial) => {
    const { behaviour, layout } = trial;
    const [ours, theirs] = await Promise.all([observe(behaviour, layout, a), observe(behaviour, layout, b)]);
    seen[titleOf(trial)] = { ours, theirs };
  });
  if (save !== undefined) writeFileSync(save, JSON.stringify(seen));
  return seen;
}

async function inParallel<Item>(
  count: number,
  items: readonly Item[],
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) {
      if (index > 0 && index % 50 === 0) process.stderr.write(`${index} of ${items.length}\n`);
      await act(item);
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
}
