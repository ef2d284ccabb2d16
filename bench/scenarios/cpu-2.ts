import type { Scenario } from './scenario.ts';

export const cpu2: Scenario = {
  id: 'cpu-2',
  title: 'CPU work of 2.3 ms, 8 slots',
  contenders: ['ours', 'aws-lambda-ric', 'bare work'],
  handler: 'cpu',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'cpu', cpuMs: 2.3 },
    extent: { seconds: { full: 6, quick: 3 } },
  },
  goals: [{ metric: 'cpuUs', against: { contender: 'bare work' }, ratio: 1.1 }],
  quick: true,
};
