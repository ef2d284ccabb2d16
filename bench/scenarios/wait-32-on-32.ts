import type { Scenario } from './scenario.ts';

export const wait32: Scenario = {
  id: 'wait-32-on-32',
  title: 'Waiting 20 ms, 32 slots on 32 threads',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'wait',
  slots: 32,
  threads: 32,
  pinning: 'none',
  load: {
    kind: 'saturation',
    limited: true,
    event: { kind: 'json', value: { ms: 20 } },
    extent: { seconds: { full: 5, quick: 2 } },
  },
  goals: [{ metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1.1 }],
  quick: false,
};
