import type { Scenario } from './scenario.ts';

export const cpu5: Scenario = {
  id: 'cpu-5',
  title: 'CPU work of 5 ms, 8 slots',
  contenders: ['ours', 'aws-lambda-ric', 'bare work'],
  handler: 'cpu',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: { kind: 'saturation', event: { kind: 'cpu', cpuMs: 5 }, extent: { seconds: { full: 6, quick: 3 } } },
  goals: [
    { metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1 },
    { metric: 'rate', against: { contender: 'bare work' }, ratio: 0.95 },
  ],
  quick: true,
};
