import { resolve } from 'node:path';
import { findBuiltPackage } from './built-package.ts';
import { awsLambdaRic } from './contenders/aws-lambda-ric.ts';
import type { Absentee, Contender } from './contenders/contender.ts';
import { floor } from './contenders/floor.ts';
import { anotherBuild, ours, singleMode } from './contenders/ours.ts';
import type { Options } from './options.ts';
import { besideAnotherBuild } from './scenarios/beside.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { selectScenarios } from './scenarios/select.ts';

/** The scenarios to measure and the contenders. */
export interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly (Contender | Absentee)[];
  /** Whether a missed goal fails the run. */
  readonly mustMeetGoals: boolean;
}

/** Compares this package with AWS's client, or with another build of this package. */
export function plan(options: Options): Plan {
  const { entry, version } = findBuiltPackage(options.runtime);
  const scenarios = selectScenarios(options);
  if (options.beside === undefined) {
    const contenders = [ours(entry, version), awsLambdaRic(), singleMode(entry, version), floor()];
    return { scenarios, contenders, mustMeetGoals: false };
  }
  return {
    scenarios: besideAnotherBuild(scenarios),
    contenders: [ours(entry, version), anotherBuild(resolve(options.beside))],
    mustMeetGoals: true,
  };
}
