import type { Scenario } from './scenario.ts';

export const mix: Scenario = {
  id: 'mix',
  title: '95 % of 4 ms, 5 % of 200 ms, at 40 % load: the short ones',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'cpu',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'poisson',
    load: 0.4,
    seconds: { full: 24, quick: 6 },
    classes: [
      { name: 'short', share: 0.95, cpuMs: 4 },
      { name: 'long', share: 0.05, cpuMs: 200 },
    ],
  },
  goals: [{ metric: 'p99Ms', against: { contender: 'aws-lambda-ric' }, ratio: 0.15 }],
  quick: true,
};
