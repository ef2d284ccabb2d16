import type { Scenario } from './scenario.ts';

export const wait256: Scenario = {
  id: 'wait-256-on-4',
  title: 'Waiting 20 ms, 256 slots on 4 threads',
  contenders: ['ours', 'aws-lambda-ric'],
  handler: 'wait',
  slots: 256,
  threads: 4,
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
