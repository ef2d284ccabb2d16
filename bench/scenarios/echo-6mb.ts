import type { Scenario } from './scenario.ts';

export const echo6: Scenario = {
  id: 'echo-6mb',
  title: 'Echo of 6 MB, 8 slots',
  contenders: ['ours', 'aws-lambda-ric', 'floor'],
  handler: 'echo',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'filled', bytes: 6_000_000 },
    extent: { seconds: { full: 6, quick: 2 } },
  },
  goals: [
    { metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1.5 },
    { metric: 'cpuUs', against: { contender: 'aws-lambda-ric' }, ratio: 0.7 },
  ],
  quick: false,
};
