import { METRICS } from './scenario.ts';
import type { Scenario } from './scenario.ts';

/**
 * The scenarios for two builds of this package: no metric may be more than a tenth worse. This comparison is more reliable
 * than stored ratios, which were measured at another time and possibly on another machine.
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
