import type { Options } from '../options.ts';
import { SCENARIOS } from './all.ts';
import type { Scenario } from './scenario.ts';
import { SHAPE } from './shape.ts';

/**
 * Returns the scenarios to run, including those that their goals refer to.
 *
 * @throws Error when the pattern matches no scenario.
 */
export function selectScenarios({
  quick,
  only,
  shape,
}: Pick<Options, 'quick' | 'only' | 'shape'>): Scenario[] {
  const all = shape ? SHAPE : SCENARIOS;
  // --only takes precedence over --quick.
  const wanted = all.filter((scenario) =>
    only === undefined ? scenario.quick || !quick : only.test(scenario.id),
  );
  if (wanted.length === 0) {
    throw new Error(
      `No scenario matches ${String(only)}. Available scenarios: ${all.map(({ id }) => id).join(', ')}.`,
    );
  }
  const ids = new Set(wanted.map(({ id }) => id));
  for (const { goals } of wanted) for (const id of goals.flatMap(referredTo)) ids.add(id);
  return all.filter(({ id }) => ids.has(id));
}

function referredTo({ against }: Scenario['goals'][number]): string[] {
  return 'scenario' in against ? [against.scenario] : [];
}
