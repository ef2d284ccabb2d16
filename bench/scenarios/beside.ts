import { METRICS } from './scenario.ts';
import type { Scenario } from './scenario.ts';

/**
 * The same scenarios for two builds of this package: no figure of ours may be worse by more than a tenth. It says more than
 * ratios that were kept, which are those of another hour, and perhaps of another machine.
 */
export function besideAnotherBuild(scenarios: readonly Scenario[]): Scenario[] {
  return scenarios.map((scenario) => ({
    ...scenario,
    contenders: ['ours', 'another build'],
    goals: [...new Set(scenario.goals.map(({ metric }) => metric))].map((metric) => ({
      metric,
      against: { contender: 'another build' },
      ratio: METRICS[metric].better === 'higher' ? 0.9 : 1.1,
    })),
  }));
}
