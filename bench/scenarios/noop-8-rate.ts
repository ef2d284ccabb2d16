import type { Scenario } from './scenario.ts';

export const noop8Rate: Scenario = {
  id: 'noop-8-rate',
  title: 'No-op, 8 slots',
  contenders: ['ours', 'aws-lambda-ric', 'single mode', 'floor'],
  handler: 'noop',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: {
    kind: 'saturation',
    event: { kind: 'json', value: {} },
    extent: { seconds: { full: 5, quick: 1.5 } },
  },
  goals: [{ metric: 'rate', against: { contender: 'aws-lambda-ric' }, ratio: 1.8 }],
  quick: true,
};
