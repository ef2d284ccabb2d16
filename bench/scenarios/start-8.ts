import type { Scenario } from './scenario.ts';

export const start8: Scenario = {
  id: 'start-8',
  title: 'Start to first /next, 8 slots',
  contenders: ['ours', 'aws-lambda-ric', 'single mode', 'floor'],
  handler: 'noop',
  slots: 8,
  threads: 8,
  pinning: 'none',
  load: { kind: 'starts', starts: { full: 5, quick: 2 } },
  goals: [{ metric: 'startMs', against: { contender: 'aws-lambda-ric' }, ratio: 0.6 }],
  quick: true,
};
