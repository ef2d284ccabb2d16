import type { Scenario } from './scenario.ts';

export const echo64: Scenario = {
  id: 'echo-64kb',
  title: 'Echo of 64 kB, 8 slots',
  contenders: ['ours', 'aws-lambda-ric', 'floor'],
  handler: 'echo',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'filled', bytes: 64_000 },
    extent: { seconds: { full: 5, quick: 2 } },
  },
  goals: [{ metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1.2 }],
  quick: true,
};
